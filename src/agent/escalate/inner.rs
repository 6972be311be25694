//! Agents that this one started: their frames pass through here, unread.

use super::Plan;
use super::launch::{Refusal, launch};
use crate::agent::frame::{self, Frame, Kind};
use crate::agent::task::failed;
use crate::value::{Value, json};
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Sends a frame towards the controller.
pub type Send = dyn Fn(&Frame) -> io::Result<()> + std::marker::Send + Sync;

/// The agents behind this one, by route.
#[derive(Default)]
pub struct Inners {
    routes: Mutex<HashMap<u16, Arc<Mutex<Way>>>>,
    living: Mutex<usize>,
    one_ended: Condvar,
}

/// The way into an agent.
struct Way {
    to: File,
    duplex: bool,
}

impl Way {
    fn close(&self) {
        if self.duplex {
            let _ = rustix::net::shutdown(&self.to, rustix::net::Shutdown::Write);
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inners {
    /// Passes a frame on to the agent of its route; whether there is one.
    pub fn pass(&self, frame: &Frame) -> bool {
        let way = lock(&self.routes).get(&frame.route).cloned();
        // Where it has just ended, the controller will hear of it from the thread that reads it.
        way.is_some_and(|way| frame::write(&mut lock(&way).to, frame).is_ok())
    }

    /// Ends the agent of a route.
    pub fn leave(&self, route: u16) {
        lock(&self.routes).remove(&route);
    }

    /// Ends all.
    pub fn leave_all(&self) {
        lock(&self.routes).clear();
    }

    /// Waits until all have ended, but not for ever: their processes have a while to end by themselves.
    pub fn wait(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut living = lock(&self.living);
        while *living > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            living = self.one_ended.wait_timeout(living, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Carries out the plan in `body` (the route, a newline, the plan) and answers `request`. Blocking.
    pub fn escalate(self: &Arc<Inners>, request: u32, body: &[u8], send: &Arc<Send>) -> io::Result<()> {
        let answer = |kind, body: String| Frame::cut(kind, 0, request, body).try_for_each(|frame| send(&frame));
        match self.start(body, send) {
            Ok(hello) => {
                answer(Kind::Result, hello)?;
                send(&Frame::new(Kind::Done, 0, request, Bytes::new()))
            }
            Err(refusal) => {
                let mut says = failed(&refusal.message);
                says.insert("late", refusal.late);
                answer(Kind::Refused, json::to_string(&Value::dict(says), &json::Style::COMPACT))
            }
        }
    }

    fn start(self: &Arc<Inners>, body: &[u8], send: &Arc<Send>) -> Result<String, Refusal> {
        let broken = |message: String| Refusal { message, late: false };
        let text = std::str::from_utf8(body).map_err(|error| broken(error.to_string()))?;
        let (route, plan) = text.split_once('\n').ok_or_else(|| broken("a plan without a route".into()))?;
        let route: u16 = route.parse().map_err(|_| broken(format!("{route:?} is no route")))?;
        let plan = Plan::from_json(plan).map_err(|error| broken(error.one_line()))?;
        let launched = launch(&plan, route, None)?;
        let mut from = io::Cursor::new(launched.leftover).chain(File::from(launched.from));
        let hello = match frame::read(&mut from)? {
            Some(frame) if frame.kind == Kind::Hello => String::from_utf8_lossy(&frame.body).into_owned(),
            _ => return Err(broken(format!("the agent of {} ended at once", plan.user))),
        };
        let way = Way { to: File::from(launched.to), duplex: launched.duplex };
        lock(&self.routes).insert(route, Arc::new(Mutex::new(way)));
        let (inners, send, mut child) = (self.clone(), send.clone(), launched.child);
        *lock(&self.living) += 1;
        std::thread::spawn(move || {
            let passed = pass_all(&mut from, &send);
            inners.leave(route);
            let status = child.wait().map(|status| status.to_string()).unwrap_or_default();
            let why = match passed {
                Ok(()) => format!("the agent of {} ended ({status})", plan.user),
                Err(error) => format!("the agent of {} was lost: {error} ({status})", plan.user),
            };
            *lock(&inners.living) -= 1;
            inners.one_ended.notify_all();
            let says = json::to_string(&Value::dict(failed(&why)), &json::Style::COMPACT);
            let _ = send(&Frame::new(Kind::Gone, route, 0, says));
        });
        Ok(hello)
    }
}

fn pass_all(from: &mut impl Read, send: &Arc<Send>) -> io::Result<()> {
    while let Some(frame) = frame::read(from)? {
        send(&frame)?;
    }
    Ok(())
}
