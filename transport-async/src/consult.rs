//! Whoever is asked for what is not HTTP: credentials, passcodes, pages to show.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keepstone_core::{Credential, Inquiry, KeyringId, Question, Reply, Secret};
use tokio::time::timeout;

pub(crate) type Supplier = Arc<dyn Fn(bool) -> Told<Credential> + Send + Sync>;
pub(crate) type Answerer = Arc<dyn Fn(Inquiry) -> Told<Secret> + Send + Sync>;
pub(crate) type Told<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// The functions that users gave, for each identity.
#[derive(Default)]
pub(crate) struct Consultants(Mutex<HashMap<KeyringId, Consultant>>);

#[derive(Clone)]
pub(crate) enum Consultant {
    Supplier(Supplier),
    Answerer(Answerer),
}

impl Consultants {
    pub(crate) fn set(&self, keyring: KeyringId, consultant: Consultant) {
        self.lock().insert(keyring, consultant);
    }

    pub(crate) fn forget(&self, keyring: KeyringId) {
        let consultant = self.lock().remove(&keyring);
        // Not under the lock: it may own an identity, which is then forgotten too.
        drop(consultant);
    }

    /// Finds out what core asks for, with no lock held; without this client, if it goes meanwhile.
    pub(crate) fn ask(
        &self,
        question: Question,
        time: Duration,
    ) -> impl Future<Output = Reply> + Send + use<> {
        let consultant = match &question {
            Question::Credential { keyring, .. } | Question::Inquiry { keyring, .. } => {
                self.lock().get(keyring).cloned()
            }
            _ => None,
        };
        async move {
            match (question, consultant) {
                (Question::Credential { refused, .. }, Some(Consultant::Supplier(supplier))) => {
                    Reply::Credential(within(time, supplier(refused)).await.map(Box::new))
                }
                (Question::Credential { .. }, _) => Reply::Credential(Err("nobody supplies it".to_owned())),
                (Question::Inquiry { inquiry, .. }, Some(Consultant::Answerer(answerer))) => {
                    Reply::Answer(within(time, answerer(inquiry)).await)
                }
                (Question::Inquiry { .. }, _) => {
                    Reply::Answer(Err("nobody answers for this identity".to_owned()))
                }
                _ => Reply::Answer(Err("this transport cannot answer that".to_owned())),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyringId, Consultant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn within<T>(time: Duration, told: Told<T>) -> Result<T, String> {
    timeout(time, told).await.unwrap_or_else(|_| Err("it took too long".to_owned()))
}
