//! An open link and the agents under other users behind it.

use super::r#become::plan_agent;
use super::{Become, Target};
use crate::agent::link::{Link, Trouble};
use crate::error::{Error, Kind, Result};
use crate::value::{Dict, Value};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

type Slot = Arc<tokio::sync::Mutex<Option<u16>>>;

/// See the module.
#[derive(Debug)]
pub struct Agents {
    /// The stream.
    pub link: Link,
    routes: Mutex<HashMap<Become, Slot>>,
    next: AtomicU16,
}

impl Agents {
    /// An agent and nobody behind it yet.
    pub fn new(link: Link) -> Agents {
        Agents { link, routes: Mutex::default(), next: AtomicU16::new(1) }
    }

    /// The route to the agent of this user, started where it is not there. `Ok(Err)`: the stream is in trouble.
    ///
    /// # Errors
    /// What refused: `Missing sudo password` and the like.
    pub async fn route(&self, target: &Target, becoming: Option<&Become>) -> Result<Result<u16, Trouble>> {
        let Some(becoming) = becoming else { return Ok(Ok(0)) };
        let slot = {
            let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
            routes.entry(becoming.clone()).or_default().clone()
        };
        // Whoever comes while it is being started waits for the same one.
        let mut slot = slot.lock().await;
        if let Some(route) = slot.filter(|route| self.link.is_gone(*route).is_none()) {
            return Ok(Ok(route));
        }
        let route = self.next.fetch_add(1, Ordering::Relaxed).max(1);
        let plan = plan_agent(target, becoming)?;
        match self.link.escalate(route, plan.to_json()).await {
            Ok(_) => {
                *slot = Some(route);
                Ok(Ok(route))
            }
            Err(Trouble::Refused(says)) => Err(refusal(&says)),
            Err(trouble) => Ok(Err(trouble)),
        }
    }
}

fn refusal(says: &Dict) -> Error {
    let message = says.get("msg").map(|msg| msg.to_text().into_owned()).unwrap_or_default();
    match says.get("late").is_some_and(Value::truthy) {
        true => Error::new(Kind::Unreachable, message),
        false => Error::action(message),
    }
}
