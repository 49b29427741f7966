//! The listeners, and the thread they run on.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, mpsc as blocking},
    thread::JoinHandle,
};

use http::{HeaderValue, Request, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, oneshot},
};

use super::{
    identity_provider, keystone,
    service::Service,
    services,
    shared::Shared,
    wire::{Hangup, Reply},
};

/// How many connections may wait to be taken.
const BACKLOG: u32 = 1024;

/// The ports of a cloud, taken and not yet served.
pub(crate) struct Ports(Vec<(Service, std::net::TcpListener)>);

impl Ports {
    /// Takes one port for each service; from `first` on, or free ones for 0.
    pub(crate) fn take(first: u16) -> io::Result<Self> {
        let take = |(index, service): (u16, Service)| {
            let port = if first == 0 { 0 } else { first.saturating_add(index) };
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
            listener.set_nonblocking(true)?;
            Ok((service, listener))
        };
        (0..).zip(Service::ALL).map(take).collect::<io::Result<_>>().map(Self)
    }

    /// The origin of each service.
    pub(crate) fn origins(&self) -> io::Result<Vec<(Service, String)>> {
        let origin = |(service, listener): &(Service, std::net::TcpListener)| {
            Ok((*service, format!("http://{}", listener.local_addr()?)))
        };
        self.0.iter().map(origin).collect()
    }
}

/// A wish to open or shut a service's door, and where to say that it is done.
struct Order {
    service: Service,
    open: bool,
    done: blocking::Sender<()>,
}

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    orders: mpsc::UnboundedSender<Order>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(ports: Ports, shared: &Arc<Shared>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let guard = runtime.enter();
        let mut doors = Vec::new();
        for (service, listener) in ports.0 {
            let address = listener.local_addr()?;
            let listener = TcpListener::from_std(listener)?;
            doors.push(Door { service, address, state: State::Open(listener) });
        }
        drop(guard);
        let (orders, inbox) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(shared);
        let thread = std::thread::Builder::new().name("embedded-cloud".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = keep_doors(doors, inbox, shared) => {}
                }
            });
        })?;
        Ok(Self { orders, stop: Some(stop), thread: Some(thread) })
    }

    /// Opens or shuts a service's door; when this returns, it is done.
    pub(crate) fn set_open(&self, service: Service, open: bool) {
        let (done, wait) = blocking::channel();
        if self.orders.send(Order { service, open, done }).is_ok() {
            // An error means that the server is gone, and the door with it.
            let _ = wait.recv();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Door {
    service: Service,
    address: SocketAddr,
    state: State,
}

enum State {
    Open(TcpListener),
    /// Bound but not listening: connections are refused, and nobody else gets the port.
    Shut(#[expect(dead_code, reason = "held for its port")] TcpSocket),
    Failed,
}

impl Door {
    /// The next connection; a shut door waits for ever.
    async fn accept(&self) -> TcpStream {
        if let State::Open(listener) = &self.state {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    return stream;
                }
                tokio::task::yield_now().await;
            }
        }
        std::future::pending().await
    }

    fn turn(&mut self, open: bool) {
        // The old socket goes first: both have the same port.
        self.state = State::Failed;
        if let Ok(state) = self.bind(open) {
            self.state = state;
        }
    }

    fn bind(&self, open: bool) -> io::Result<State> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        Ok(if open { State::Open(socket.listen(BACKLOG)?) } else { State::Shut(socket) })
    }
}

async fn keep_doors(doors: Vec<Door>, mut inbox: mpsc::UnboundedReceiver<Order>, shared: Arc<Shared>) {
    let mut letterboxes = Vec::new();
    for door in doors {
        let (letters, letterbox) = mpsc::unbounded_channel();
        letterboxes.push((door.service, letters));
        tokio::spawn(keep_door(door, letterbox, Arc::clone(&shared)));
    }
    while let Some(order) = inbox.recv().await {
        if let Some((_, letters)) = letterboxes.iter().find(|(to, _)| *to == order.service) {
            let _ = letters.send(order);
        }
    }
}

async fn keep_door(mut door: Door, mut letterbox: mpsc::UnboundedReceiver<Order>, shared: Arc<Shared>) {
    loop {
        tokio::select! {
            biased;
            order = letterbox.recv() => {
                let Some(order) = order else { return };
                door.turn(order.open);
                let _ = order.done.send(());
            }
            stream = door.accept() => {
                tokio::spawn(converse(stream, door.service, Arc::clone(&shared)));
            }
        }
    }
}

/// Serves one connection to its end, good or bad.
async fn converse(stream: TcpStream, service: Service, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| answer(Arc::clone(&shared), service, request));
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).half_close(true);
    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(shared: Arc<Shared>, service: Service, request: Request<Incoming>) -> Result<Reply, Hangup> {
    let mut reply = match service {
        Service::Identity => keystone::routes::answer(&shared, request).await?,
        Service::IdentityProvider => identity_provider::answer(&shared, request).await?,
        _ => services::answer(&shared, service, request).await?,
    };
    if reply.status() == StatusCode::UNAUTHORIZED {
        shared.books().service(service).refusals += 1;
    }
    let now = shared.settings.clock.now();
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let id = match service {
        Service::ObjectStore => ("x-trans-id", shared.keystone().dice.transaction_id()),
        _ => ("x-openstack-request-id", shared.keystone().dice.request_id()),
    };
    for (name, value) in [(header::DATE.as_str(), date), id] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(name, value);
        }
    }
    Ok(reply)
}
