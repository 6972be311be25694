# Inside the image of all planes: nothing of it starts at boot, the plane decides what runs where.
cd /etc/systemd/system
for unit in mariadb rabbitmq-server epmd pdns \
    trove-api trove-taskmanager trove-conductor \
    designate-api designate-central designate-worker designate-producer designate-mdns designate-sink designate-agent; do
  systemctl disable "$unit.service" >/dev/null 2>&1 || :
done
# A journal that outlives a power cut: what started and stopped when is read from it.
mkdir -p /var/log/journal
