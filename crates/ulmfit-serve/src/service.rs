//! The service: requests in, replies out, and a model that can be exchanged meanwhile.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Instant;

use burn::tensor::Device;

use crate::answer::{Reply, Request, Words};
use crate::config::ServiceConfig;
use crate::error::{Error, Result};
use crate::locks::lock;
use crate::metrics::Metrics;
use crate::model::Model;
use crate::pending::{Pending, Receiver};
use crate::queue::Queue;
use crate::worker::{self, guarded};

/// A model that answers requests of any number of threads, gathered into batches.
///
/// An answer does not depend on what else is asked: it is the one that the model gives for the text alone. Dropping the
/// service answers what has been accepted, and then ends its threads.
///
/// ```
/// use ulmfit::prelude::*;
/// use ulmfit_serve::{Answer, Model, Request, Service, ServiceConfig};
/// # use ulmfit::model::Random;
/// # let text = TextEncoding::new(TokenizerConfig::new(), VocabConfig::new().build(&[vec!["film".to_owned(); 3]]));
/// # let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(4, 8, 1);
/// # let device = Device::default();
/// # let encoder = sizes.init(&mut Random::new(1), &device)?;
/// # let model = ClassifierConfig::new(2).init(encoder, 1, &device)?;
/// # let classifier = TextClassifier::new(text, model, vec!["neg".into(), "pos".into()])?;
///
/// // `classifier`: a `TextClassifier`. From a file: `Service::open(&["reviews.safetensors"], &device, config)`.
/// let model = Model::new(&[classifier], &device)?;
/// let service = Service::new(model, ServiceConfig::default())?;
/// let reply = service.predict(Request::new(["A lovely film.", "Hated it."]))?;
/// assert_eq!(reply.answers.len(), 2);
/// assert!(matches!(&reply.answers[0], Answer::Class { prediction, .. } if prediction.confidence() >= 0.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Service {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

pub(crate) struct Shared {
    pub(crate) config: ServiceConfig,
    pub(crate) queue: Queue,
    pub(crate) metrics: Metrics,
    model: RwLock<Arc<Model>>,
    /// Held by a reload: two at a time would put models in place in the wrong order.
    reloading: Mutex<()>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut service = f.debug_struct("Service");
        service.field("config", &self.shared.config);
        service
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}

impl Service {
    /// A service of the model in some files, as [`Model::load`] reads them.
    ///
    /// # Errors
    /// As [`Model::load`] and [`Self::new`].
    pub fn open<P: AsRef<Path>>(
        files: &[P],
        device: &Device,
        config: ServiceConfig,
    ) -> Result<Self> {
        config.check()?;
        Self::new(Model::load(files, device)?, config)
    }

    /// A service of a model. Its threads are started here.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting; [`Error::Io`] if the system refuses a thread.
    pub fn new(model: Model, config: ServiceConfig) -> Result<Self> {
        config.check()?;
        let shared = Arc::new(Shared {
            config,
            queue: Queue::new(config),
            metrics: Metrics::new(),
            model: RwLock::new(Arc::new(model)),
            reloading: Mutex::new(()),
        });
        let mut service = Self {
            shared,
            workers: Vec::new(),
        };
        for number in 0..config.workers {
            let shared = Arc::clone(&service.shared);
            let thread = std::thread::Builder::new().name(format!("ulmfit-serve-{number}"));
            let worker = thread.spawn(move || worker::run(&shared));
            service.workers.push(worker.map_err(|source| Error::Io {
                what: format!("thread {number} of {} workers", config.workers),
                source,
                remedy: "ask for fewer workers",
            })?);
        }
        Ok(service)
    }

    /// The reply to a request; waits for it.
    ///
    /// # Errors
    /// [`Error::Busy`] without room in the queue, [`Error::TooManyTexts`], [`Error::TooManyTokens`], [`Error::NoWords`],
    /// [`Error::Late`] past the request's deadline, [`Error::Panic`].
    pub fn predict(&self, request: Request) -> Result<Reply> {
        let (send, receive) = mpsc::sync_channel(1);
        self.submit(request, move |reply| {
            // The receiver is below, and waits.
            let _ = send.send(reply);
        })?;
        let lost = || Error::Panic("the reply was lost".into());
        receive.recv().unwrap_or_else(|_| Err(lost()))
    }

    /// Accepts a request and returns; `receiver` is called once, on a thread of the service or on that which gives the
    /// request up, with the reply or one of the errors of [`Self::predict`]. It should only pass the reply on: the thread has other texts to answer.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::TooManyTexts`] or [`Error::NoWords`]; then `receiver` is not called.
    pub fn submit(
        &self,
        request: Request,
        receiver: impl FnOnce(Result<Reply>) + Send + 'static,
    ) -> Result<Ticket> {
        let model = self.model();
        if request.words == Words::Weighed && !model.weighs_words() {
            return Err(Error::NoWords);
        }
        let (shared, since) = (Arc::clone(&self.shared), Instant::now());
        let receiver: Receiver = Box::new(move |reply| {
            shared.metrics.answer(since.elapsed().as_secs_f64());
            receiver(reply);
        });
        let pending = Arc::new(Pending::new(request, model, receiver));
        if pending.texts.is_empty() {
            pending.send();
        } else {
            self.shared.queue.push(&pending)?;
        }
        Ok(Ticket {
            pending,
            shared: Arc::clone(&self.shared),
        })
    }

    /// The model that answers requests from now on.
    pub fn model(&self) -> Arc<Model> {
        let model = self.shared.model.read();
        Arc::clone(&model.unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the model's files again and puts the new model in place of the old one, which still answers the requests
    /// that it found. On an error the old one stays.
    ///
    /// # Errors
    /// [`Error::Model`] naming the file; [`Error::Panic`] if the new model cannot answer; [`Error::NoFiles`].
    pub fn reload(&self) -> Result<Arc<Model>> {
        let _turn = lock(&self.shared.reloading);
        let tried = match self.model().again() {
            None => Err(Error::NoFiles),
            Some(loaded) => loaded.and_then(|model| self.put(model)),
        };
        if tried.is_err() {
            self.shared.metrics.load(false);
        }
        tried
    }

    /// Puts another model in place, as [`Self::reload`] does.
    ///
    /// # Errors
    /// [`Error::Panic`] if it cannot answer a text.
    pub fn replace(&self, model: Model) -> Result<Arc<Model>> {
        let _turn = lock(&self.shared.reloading);
        self.put(model)
    }

    fn put(&self, model: Model) -> Result<Arc<Model>> {
        // The first text is answered before anyone waits for it.
        guarded(|| model.answers(&["A first text."])).map_err(Error::Panic)?;
        let model = Arc::new(model);
        let place = self.shared.model.write();
        *place.unwrap_or_else(PoisonError::into_inner) = Arc::clone(&model);
        self.shared.metrics.load(true);
        Ok(model)
    }

    /// How it gathers and bounds its work.
    pub fn config(&self) -> ServiceConfig {
        self.shared.config
    }

    /// The texts that wait.
    pub fn queued(&self) -> usize {
        self.shared.queue.len()
    }

    /// What the service has counted, in Prometheus's text format: `ulmfit_batch_texts`, `ulmfit_answer_seconds`,
    /// `ulmfit_queue_texts`, `ulmfit_model_loads_total` and `ulmfit_model_info`.
    pub fn metrics(&self) -> String {
        self.shared.metrics.write(self.queued(), &self.model())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.queue.close();
        let here = std::thread::current().id();
        for worker in self.workers.drain(..) {
            // A receiver may hold the last reference; its own thread cannot be waited for.
            if worker.thread().id() != here {
                // A worker ends by itself; there is nothing to learn from its result.
                let _ = worker.join();
            }
        }
    }
}

/// A request that was accepted.
pub struct Ticket {
    pending: Arc<Pending>,
    shared: Arc<Shared>,
}

impl Ticket {
    /// Says that nobody waits any more: what waits is taken out of the queue, what has been begun ends at its next window,
    /// and the receiver gets [`Error::Late`]. Dropping a ticket does not.
    pub fn give_up(&self) {
        self.pending.give_up();
        self.shared.queue.remove(&self.pending);
        self.pending.fail(Error::Late);
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket")
            .field("texts", &self.pending.texts.len())
            .finish_non_exhaustive()
    }
}
