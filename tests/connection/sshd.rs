//! A real sshd for one test, with users of its own making. It needs root, as logging in as others does.

use heliostat::connection::Target;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What every test user has, and nothing else in the world.
pub const PASSWORD: &str = "Open-8243-Sesame";

/// A running daemon and the key that opens it.
pub struct Sshd {
    dir: TempDir,
    pub port: u16,
    child: Child,
}

/// Whether the tests that need a daemon can run; says so where they cannot.
pub fn possible() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("skipped: a daemon that lets other users in needs root");
    }
    root
}

impl Sshd {
    pub fn start() -> Sshd {
        Sshd::with("")
    }

    /// With further lines of configuration, which come first and so win.
    pub fn with(config: &str) -> Sshd {
        let dir = tempfile::Builder::new().prefix("sshd-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for key in ["host", "user"] {
            let path = dir.path().join(key);
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path));
        }
        fs::create_dir_all("/run/sshd").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = dir.path().display();
        let listen = if config.contains("ListenAddress") { "" } else { "ListenAddress 127.0.0.1" };
        let text = format!(
            "Port {port}\n{config}\n{listen}\nHostKey {at}/host\nPidFile none\nStrictModes no\n\
             AuthorizedKeysFile {at}/user.pub\nUsePAM yes\nPasswordAuthentication yes\n\
             KbdInteractiveAuthentication no\nPrintMotd no\nPrintLastLog no\nUseDNS no\n"
        );
        fs::write(dir.path().join("config"), text).unwrap();
        let host_key = fs::read_to_string(dir.path().join("host.pub")).unwrap();
        fs::write(dir.path().join("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(dir.path().join("config"));
        command.stdin(Stdio::null()).stderr(fs::File::create(dir.path().join("log")).unwrap());
        let child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "sshd does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Sshd { dir, port, child }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// This user, by the key.
    pub fn target(&self, user: &str) -> Target {
        let known = format!("UserKnownHostsFile={}", self.path("known_hosts").display());
        let ssh_args = ["-F", "/dev/null", "-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", &known];
        Target {
            address: "127.0.0.1".into(),
            port: Some(self.port),
            user: Some(user.into()),
            private_key: Some(self.path("user")),
            ssh_args: ssh_args.map(String::from).to_vec(),
            ..Target::default()
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A user with this shell and [`PASSWORD`]; made once and kept.
pub fn user(name: &str, shell: &str) -> PathBuf {
    let lock = fs::File::create("/tmp/.heliostat-test-users").unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    if nix::unistd::User::from_name(name).unwrap().is_none() {
        run(Command::new("useradd").args(["-m", "-s", shell, name]));
        let mut chpasswd = Command::new("chpasswd").stdin(Stdio::piped()).spawn().unwrap();
        use std::io::Write;
        chpasswd.stdin.take().unwrap().write_all(format!("{name}:{PASSWORD}\n").as_bytes()).unwrap();
        assert!(chpasswd.wait().unwrap().success());
    }
    nix::unistd::User::from_name(name).unwrap().unwrap().dir
}

/// Runs a command that must work.
pub fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
