"""Hosts, groups and host variables, from a cloud of recorded answers."""

import os
import stat

import pytest

from cloud import Cloud, PASSWORD, PROJECT, TOKEN, holding, resource, server, stack, uid
from support import SCRIPT, inventory


def control_plane():
    """Trove in HA, Marketplace, DNSaaS, a customer's database and a stranger."""
    trove = [server("trove-trove%d_%s-%s" % (n, part, uid(part + str(n))[-12:]), zone="AZ-%d" % n,
                    fixed="10.22.171.%d" % (10 * i + n))
             for n in (1, 2, 3)
             for i, part in enumerate(("api", "taskmanager", "conductor", "messaging", "database"))]
    marketplace = [server("marketplace-api-a1b2c3d4e5f6"), server("marketplace1_engine-abc"),
                   server("marketplace-messaging-abc"), server("marketplace-database-abc")]
    dnsaas = [server("dnsaas%d_%s-x" % (n, part)) for n in (1, 2, 3)
              for part in ("api", "central", "nameserver", "messaging", "database")]
    customer, stranger = server("customers-db"), server("web-0")
    stacks = [holding("trove", trove), holding("marketplace", marketplace), holding("dnsaas", dnsaas),
              holding("trove-" + uid("instance"), [customer]), holding("blog", [stranger])]
    return stacks, trove + marketplace + dnsaas + [customer, stranger]


def listing(stacks, servers, **knobs):
    with Cloud(stacks, servers, **knobs) as cloud:
        return inventory(cloud.environment())


def test_services_and_components_become_groups():
    groups = listing(*control_plane()).json
    assert groups["trove"]["children"] == [
        "trove_api", "trove_taskmanager", "trove_conductor", "trove_messaging", "trove_database"]
    for part in ("api", "taskmanager", "conductor", "messaging", "database"):
        hosts = groups["trove_" + part]["hosts"]
        assert [host.split("-")[1] for host in hosts] == ["trove%d_%s" % (n, part) for n in (1, 2, 3)]
    assert groups["marketplace_api"]["hosts"] == ["marketplace-api-a1b2c3d4e5f6"]
    assert groups["marketplace_engine"]["hosts"] == ["marketplace1_engine-abc"]
    assert len(groups["dnsaas_nameserver"]["hosts"]) == 3
    assert groups["dnsaas_central"]["hosts"][0] == "dnsaas1_central-x"
    assert groups["dev_platform"]["children"] == ["trove", "marketplace", "dnsaas"]
    assert groups["trove"]["hosts"] == groups["marketplace"]["hosts"] == groups["dnsaas"]["hosts"] == []


def test_what_is_of_no_service_is_ungrouped():
    groups = listing(*control_plane()).json
    assert groups["ungrouped"]["hosts"] == ["customers-db", "web-0"]


def test_groups_exist_even_where_a_service_is_not_installed():
    groups = listing([holding("trove", [server("trove1_api")])], [server("trove1_api")]).json
    assert groups["marketplace_engine"] == {"hosts": []}


@pytest.mark.parametrize("name, stack_name, group", [
    ("trove1_api", "trove", "trove_api"),
    ("trove-trove1_api-xk3v5mzq2abc", "trove", "trove_api"),
    ("trove-trove_api-abc-0-def", "trove", "trove_api"),
    ("hp-dbaas-trove2_taskmanager-abc", "hp-dbaas", "trove_taskmanager"),
    ("TROVE3_Task_Manager-abc", "trove", "trove_taskmanager"),
    ("dbaas-api-1", "databases", "trove_api"),
    ("marketplace-api", "x", "marketplace_api"),
    ("marketplace1_api-abc", "x", "marketplace_api"),
    ("designate-central-0", "x", "dnsaas_central"),
    ("dnsaas-api0-xyz", "dnsaas", "dnsaas_api"),
    ("dnsaas2_nameservers", "x", "dnsaas_nameserver"),
    ("dnsaas-nameserver1-x", "dnsaas", "dnsaas_nameserver"),
    ("database-2", "trove-prod", "trove_database"),
    ("something", "trove", "trove"),
    ("trove1_apiary", "x", "ungrouped"),
    ("my-trove-api-client", "x", "ungrouped"),
    ("marketplaces", "marketplaces", "ungrouped"),
    ("trove1_conductor", "trove-0b9e7e0a-8c1d-4c52-9e58-0f4e3c2b1a00", "trove_conductor"),
    ("orders", "trove-0b9e7e0a-8c1d-4c52-9e58-0f4e3c2b1a00", "ungrouped"),
])
def test_group_of_a_name(name, stack_name, group):
    one = server(name)
    groups = listing([stack(stack_name, [resource("r", "OS::Nova::Server", one["id"])])], [one]).json
    assert groups[group]["hosts"] == [name]


def test_group_by_resource_name_where_the_server_is_named_otherwise():
    one = server("vm-17")
    groups = listing([stack("x", [resource("trove2_messaging", "OS::Nova::Server", one["id"])])], [one]).json
    assert groups["trove_messaging"]["hosts"] == ["vm-17"]


def test_group_by_the_nested_stack_a_server_stands_in():
    one = server("vm-0")
    inner = stack("cloud-trove_api-abc", [resource("0", "OS::Nova::Server", one["id"])])
    outer = stack("cloud", [resource("trove_api", "OS::Heat::ResourceGroup", inner["id"], inner)])
    assert listing([outer], [one]).json["trove_api"]["hosts"] == ["vm-0"]


def test_host_variables():
    one = server("trove1_api", fixed="10.0.0.7", zone="AZ-2")
    run = listing([holding("trove", [one])], [one])
    assert run.hostvars["trove1_api"] == {
        "ansible_host": "10.0.0.7", "availability_zone": "AZ-2",
        "instance_id": one["id"], "instance_name": "trove1_api", "instance_status": "ACTIVE",
        "instance_task_state": None, "instance_image_id": uid("image"), "instance_flavor_id": "102",
        "instance_networks": {"SVC": ["10.0.0.7"]},
        "stack_name": "trove", "stack_id": uid("stack trove"), "stack_status": "CREATE_COMPLETE",
        "resource_name": "trove1_api", "resource_status": "CREATE_COMPLETE",
        "dev_platform_service": "trove", "dev_platform_component": "api"}


def test_host_prints_one_hosts_variables():
    one = server("trove1_api")
    with Cloud([holding("trove", [one])], [one]) as cloud:
        whole = inventory(cloud.environment())
        single = inventory(cloud.environment(), "--host", "trove1_api")
    assert single.json == whole.hostvars["trove1_api"]


# --- addresses ------------------------------------------------------------------


def two_networks(**more):
    one = server("trove1_api", fixed="10.0.0.7", floating="172.16.0.7", **more)
    one["addresses"]["MGMT"] = [{"addr": "10.9.9.9", "version": 4, "OS-EXT-IPS:type": "fixed"}]
    return one


def host_address(one, **environment):
    with Cloud([holding("trove", [one])], [one]) as cloud:
        return inventory(cloud.environment(**environment)).hostvars["trove1_api"].get("ansible_host")


def test_address_is_the_fixed_one_on_the_service_network():
    assert host_address(two_networks()) == "10.0.0.7"


def test_floating_address_on_request():
    assert host_address(two_networks(), DEV_PLATFORM_ADDRESS_TYPE="floating") == "172.16.0.7"


def test_network_on_request():
    assert host_address(two_networks(), DEV_PLATFORM_NETWORK="nowhere, MGMT") == "10.9.9.9"


def test_without_the_service_network_a_floating_address_comes_first():
    assert host_address(two_networks(network="tenant")) == "172.16.0.7"


def test_access_address_goes_before_other_networks():
    assert host_address(two_networks(network="tenant", accessIPv4="192.0.2.28")) == "192.0.2.28"


def test_ipv4_goes_before_ipv6():
    one = server("trove1_api", fixed="fd00::7")
    one["addresses"]["SVC"][0]["version"] = 6
    one["addresses"]["SVC"].append({"addr": "10.0.0.8", "version": 4, "OS-EXT-IPS:type": "fixed"})
    assert host_address(one) == "10.0.0.8"


def test_a_server_without_address_has_no_ansible_host():
    assert host_address(server("trove1_api", status="ERROR", fixed=None)) is None


# --- states ---------------------------------------------------------------------


def test_servers_in_error_are_listed_with_state_and_fault():
    one = server("trove1_api", status="ERROR", fixed=None,
                 fault={"code": 500, "message": "No valid host was found.", "created": "2026-11-01"})
    variables = listing([holding("trove", [one])], [one]).hostvars["trove1_api"]
    assert (variables["instance_status"], variables["instance_fault"]) == ("ERROR", "No valid host was found.")


def test_servers_that_nova_no_longer_has_are_listed_as_deleted():
    gone = server("trove-trove2_database-abc")
    run = listing([holding("trove", [gone])], [])
    assert run.json["trove_database"]["hosts"] == ["trove-trove2_database"]
    variables = run.hostvars["trove-trove2_database"]
    assert (variables["instance_status"], variables["instance_id"]) == ("DELETED", gone["id"])


def test_servers_that_were_never_made_are_listed_as_missing():
    rows = [resource("trove1_api", "OS::Nova::Server", None, status="INIT_COMPLETE"),
            resource("trove2_api", "OS::Nova::Server", "", status="CREATE_FAILED"),
            resource("trove3_api", "OS::Nova::Server", None, status="DELETE_COMPLETE")]
    run = listing([stack("trove", rows)], [])
    assert run.json["trove_api"]["hosts"] == ["trove-trove1_api", "trove-trove2_api"]
    variables = run.hostvars["trove-trove1_api"]
    assert (variables["instance_status"], variables["instance_id"]) == ("MISSING", None)


def test_shut_off_servers_are_listed():
    one = server("trove1_api", status="SHUTOFF")
    assert listing([holding("trove", [one])], [one]).hostvars["trove1_api"]["instance_status"] == "SHUTOFF"


def test_a_server_outside_the_project_is_asked_for_by_id():
    one = server("trove1_api", elsewhere=True)
    assert listing([holding("trove", [one])], [one]).hostvars["trove1_api"]["instance_status"] == "ACTIVE"


def test_a_server_from_a_volume_has_no_image():
    one = server("trove1_api", image="")
    assert listing([holding("trove", [one])], [one]).hostvars["trove1_api"]["instance_image_id"] is None


# --- names ----------------------------------------------------------------------


def test_servers_of_one_name_stay_apart():
    first, second = server("trove1_api"), server("trove1_api", fixed="10.0.0.6", id=uid("second"))
    hosts = listing([holding("trove", [first, second])], [first, second]).json["trove_api"]["hosts"]
    assert sorted(hosts) == sorted("trove1_api-" + one["id"][:8] for one in (first, second))


def test_a_server_in_two_stacks_is_listed_once():
    one = server("trove1_api")
    groups = listing([holding("trove", [one]), holding("copy", [one])], [one]).json
    assert groups["trove_api"]["hosts"] == ["trove1_api"]


@pytest.mark.parametrize("name", ["trove", "all", "localhost"])
def test_a_server_named_like_a_group_gets_its_id_behind(name):
    one = server(name)
    assert list(listing([holding("x", [one])], [one]).hostvars) == [name + "-" + one["id"][:8]]


def test_a_template_in_a_name_reaches_ansible_defused():
    evil = "{{ lookup('pipe', 'id') }}{% raw %}{{{"
    one = server(evil, network="{{ net }}")
    run = listing([holding("x", [one])], [one])
    assert not any(mark in run.out for mark in ("{{", "{%", "{#"))
    assert list(run.hostvars) == ["{ { lookup('pipe', 'id') }}{ % raw %}{ { {"]


# --- Heat -----------------------------------------------------------------------


def nested():
    """root -> group -> member -> server, and a second server beside the group."""
    deep, side = server("trove-trove_api-abc-0-def"), server("trove-trove1_database-abc")
    member = stack("trove-trove_api-abc-0-def", [resource("server", "OS::Nova::Server", deep["id"])])
    group = stack("trove-trove_api-abc", [resource("0", "Member.yaml", member["id"], member)])
    root = stack("trove", [resource("trove_api", "OS::Heat::ResourceGroup", group["id"], group),
                           resource("trove1_database", "OS::Nova::Server", side["id"]),
                           resource("port", "OS::Neutron::Port", uid("port"))])
    return root, [deep, side]


@pytest.mark.parametrize("nested_depth, requests", [(True, 1), (False, 3), ("refuses", 6)])
def test_nested_stacks_are_read_by_depth_or_walked(nested_depth, requests):
    root, servers = nested()
    with Cloud([root], servers, nested_depth=nested_depth) as cloud:
        groups = inventory(cloud.environment()).json
        assert len(cloud.asked("GET", "/resources")) == requests
    assert groups["trove_api"]["hosts"] == ["trove-trove_api-abc-0-def"]
    assert groups["trove_database"]["hosts"] == ["trove-trove1_database-abc"]


def test_a_nested_stack_known_by_its_arn_only_is_walked():
    root, servers = nested()
    group = root["resources"][0]["nested"]
    inner = group["resources"][0]["nested"]
    root["resources"][0].update(nested=None, physical="arn:openstack:heat::%s:stacks/%s/%s" % (
        PROJECT["id"], inner["name"], inner["id"]))
    with Cloud([root, dict(inner, parent=root["id"])], servers, nested_depth=False) as cloud:
        groups = inventory(cloud.environment()).json
    assert groups["trove_api"]["hosts"] == ["trove-trove_api-abc-0-def"]


def test_a_type_that_the_environment_maps_to_a_server_counts():
    one = server("trove1_api")
    rows = [resource("trove1_api", "HP::Trove::Server", one["id"]),
            resource("wait", "HP::Trove::Signal", uid("no server"))]
    with Cloud([stack("trove", rows)], [one]) as cloud:
        run = inventory(cloud.environment())
        assert list(run.hostvars) == ["trove1_api"]
        assert not cloud.asked("GET", "/servers/" + uid("no server"))


def test_long_lists_are_read_page_by_page():
    servers = [server("trove%d_api" % n) for n in range(1, 8)]
    stacks = [holding("trove%d" % n, [one]) for n, one in enumerate(servers, 1)]
    with Cloud(stacks, servers, page=3) as cloud:
        groups = inventory(cloud.environment()).json
        assert len(cloud.asked("GET", "/servers/detail")) == 4
    assert groups["trove_api"]["hosts"] == ["trove%d_api" % n for n in range(1, 8)]


def test_nova_is_left_alone_where_no_stack_has_a_server():
    with Cloud([stack("x", [resource("r", "OS::Heat::RandomString", "x")])], []) as cloud:
        assert inventory(cloud.environment()).hostvars == {}
        assert not cloud.asked("GET", "/nova")


def test_only_the_chosen_stacks():
    stacks, servers = control_plane()
    with Cloud(stacks, servers) as cloud:
        run = inventory(cloud.environment(DEV_PLATFORM_STACKS="marketplace," + uid("stack blog")))
    assert len(run.hostvars) == 5 and not run.json["trove_api"]["hosts"]


# --- the script -----------------------------------------------------------------


def test_help_names_the_settings():
    run = inventory({}, "--help")
    assert run.code == 0
    for word in ("--list", "--host", "DEV_PLATFORM_NETWORK", "DEV_PLATFORM_STACKS"):
        assert word in run.out


def test_without_an_option_it_says_how_to_use_it():
    run = inventory({}, "--wrong")
    assert run.code == 2 and run.out == "" and "--list" in run.err


def test_it_is_executable():
    assert os.stat(SCRIPT).st_mode & stat.S_IXUSR


def test_secrets_stay_out_of_the_output():
    with Cloud(*control_plane()) as cloud:
        run = inventory(cloud.environment())
    assert PASSWORD not in run.out + run.err and TOKEN not in run.out + run.err
    assert run.code == 0 and run.err == ""
