# make          the release build: one static binary, and bin/ with every command name as a link to it
# make demo     check, stop and start the Development Platform on local hosts; no root, no sshd
# make test     all tests, installing what they need (Debian)
# make test-full  the drills on all planes of lab hosts, which take long
# make install PREFIX=/usr/local

PREFIX ?= /usr/local
COMMANDS = heliostat ansible ansible-playbook ansible-inventory ansible-vault ansible-config ansible-doc ansible-galaxy \
           ansible-pull ansible-console
MACHINE := $(shell uname -m)
TARGET = $(MACHINE)-unknown-linux-gnu
BINARY = target/$(TARGET)/release/heliostat
# a static binary runs on any Linux of its processor, whatever C library is there: it is its own agent
STATIC = RUSTFLAGS="-C target-feature=+crt-static"

.PHONY: all build demo test test-full lint install clean

all: build

build:
	$(STATIC) cargo build --release --locked --target $(TARGET)
	mkdir -p bin
	for name in $(COMMANDS); do ln -sf ../$(BINARY) bin/$$name; done

demo: build
	ANSIBLE_PLAYBOOK=$(CURDIR)/bin/ansible-playbook inventory/demo/run

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

test:
	tests/run

test-full: build
	for plane in small trove marketplace dnsaas; do \
	  tests/platform/drill --bin $(CURDIR)/bin/ansible-playbook --plane $$plane || exit 1; \
	done

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/heliostat
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/heliostat
	for name in $(filter-out heliostat,$(COMMANDS)); do ln -sf heliostat $(DESTDIR)$(PREFIX)/bin/$$name; done
	cp -r playbooks plugins $(DESTDIR)$(PREFIX)/share/heliostat/

clean:
	cargo clean
	rm -rf bin
