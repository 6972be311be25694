//! What the connections of a run share: the program to send, places for sockets and content, and who may connect now.

use super::Target;
use super::ssh::askpass::Desk;
use crate::agent::Program;
use crate::agent::noise;
use crate::agent::workplace::Workplace;
use crate::error::{Error, Result};
use crate::module::lifeline::Lifeline;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Logins under way at one time: sshd turns away what comes in crowds (`MaxStartups`), and every one costs a process.
const CONNECTING: usize = 20;

/// ssh adds a random suffix of 17 bytes to a socket's path, and 108 are what a path may have.
const LONGEST_SOCKET: usize = 88;

/// Hears what a person may want to know at this `-v` count: the host's address, the count, the text.
pub type Listener = Box<dyn Fn(&str, u8, &str) + Send + Sync>;

/// See the module.
pub struct Yard {
    /// One permit a login under way.
    pub connecting: Semaphore,
    program_path: Option<PathBuf>,
    program: OnceCell<Arc<Program>>,
    runtime: Mutex<Option<Arc<Workplace>>>,
    local: Mutex<Option<Workplace>>,
    desk: Mutex<Option<Arc<Desk>>>,
    listener: OnceLock<Listener>,
    /// What runs in this process, by number.
    here: Mutex<(u64, HashMap<u64, Lifeline>)>,
}

impl std::fmt::Debug for Yard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Yard").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Yard {
    /// Sends this program instead of the one that runs.
    pub fn new(program_path: Option<PathBuf>) -> Yard {
        super::ssh::person::welcome();
        allow_many_files();
        Yard {
            connecting: Semaphore::new(CONNECTING),
            program_path,
            program: OnceCell::new(),
            runtime: Mutex::default(),
            local: Mutex::default(),
            desk: Mutex::default(),
            listener: OnceLock::new(),
            here: Mutex::default(),
        }
    }

    /// Tells this listener from now on. Only the first one is told.
    pub fn listen(&self, listener: Listener) {
        let _ = self.listener.set(listener);
    }

    /// Tells the listener, if there is one. Nothing secret goes here.
    pub fn note(&self, target: &Target, verbosity: u8, text: impl FnOnce() -> String) {
        if let Some(listener) = self.listener.get() {
            listener(&target.address, verbosity, &text());
        }
    }

    /// Notes a job that runs in this process; gives the number to [`Yard::leave`] with.
    pub fn enter(&self, lifeline: Lifeline) -> u64 {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        here.0 += 1;
        let number = here.0;
        here.1.insert(number, lifeline);
        number
    }

    /// Forgets such a job.
    pub fn leave(&self, number: u64) {
        self.here.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
    }

    /// Ends all jobs that run in this process. Blocking: their processes get the time to end by themselves.
    pub fn cut(&self) {
        let here: Vec<Lifeline> = {
            let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
            here.1.drain().map(|(_, lifeline)| lifeline).collect()
        };
        std::thread::scope(|scope| here.iter().for_each(|lifeline| drop(scope.spawn(|| lifeline.cut()))));
    }

    /// The program that agents run.
    pub async fn program(&self) -> Result<Arc<Program>> {
        let load = || async {
            let path = self.program_path.clone();
            let load = move || match path {
                Some(path) => Program::other(&path),
                None => Program::own(),
            };
            let loaded =
                tokio::task::spawn_blocking(load).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            loaded.map(Arc::new).map_err(|error| Error::general(format!("cannot read our own program: {error}")))
        };
        self.program.get_or_try_init(load).await.cloned()
    }

    /// The program that agents run, where it is not the running one.
    pub fn other_program(&self) -> Option<&Path> {
        self.program_path.as_deref()
    }

    /// A path for a control socket that does not exist yet.
    pub fn new_socket(&self) -> Result<PathBuf> {
        let dir =
            self.runtime_dir().map_err(|error| Error::general(format!("no place for control sockets: {error}")))?;
        Ok(dir.path().join(&noise::word()[..10]))
    }

    /// Where ssh's questions are answered.
    pub fn desk(&self) -> Result<Arc<Desk>> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = &*desk {
            return Ok(desk.clone());
        }
        let program = match &self.program_path {
            Some(path) => path.clone(),
            None => format!("/proc/{}/exe", std::process::id()).into(),
        };
        let opened = self.runtime_dir().and_then(|dir| Desk::open(dir.path(), &program));
        let opened = opened.map_err(|error| Error::general(format!("no place for ssh's questions: {error}")))?;
        *desk = Some(opened.clone());
        Ok(opened)
    }

    /// A directory of mode 0700 with a short path.
    fn runtime_dir(&self) -> std::io::Result<Arc<Workplace>> {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dir) = &*runtime {
            return Ok(dir.clone());
        }
        let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let mut last = std::io::Error::other("no directory");
        for parent in given.into_iter().chain([std::env::temp_dir(), "/tmp".into()]) {
            match Workplace::create(&parent) {
                Ok(dir) if dir.path().as_os_str().len() + 11 > LONGEST_SOCKET => {}
                Ok(dir) => {
                    let dir = Arc::new(dir);
                    let own = dir.path().to_owned();
                    std::thread::spawn(move || Workplace::sweep_beside(&own));
                    *runtime = Some(dir.clone());
                    return Ok(dir);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where large replies go.
    pub fn spool(&self) -> PathBuf {
        std::env::temp_dir()
    }

    /// Where modules work that run on the controller, and where the controller's own agents leave things.
    pub fn local_tmp(&self) -> Result<PathBuf> {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = &*local {
            return Ok(place.path().to_owned());
        }
        let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/nonexistent"), PathBuf::from);
        let place = Workplace::create(&home.join(".ansible/tmp"))
            .map_err(|error| Error::general(format!("no place for temporary files: {error}")))?;
        Ok(local.insert(place).path().to_owned())
    }

    /// Removes all places; they come back where they are needed again.
    pub fn clear(&self) {
        *self.desk.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.runtime.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.local.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A connection takes some files; the usual thousand are soon gone.
fn allow_many_files() {
    const ENOUGH: u64 = 1 << 16;
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
    if limit.current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}
