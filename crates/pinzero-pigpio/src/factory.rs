//! The factory, and how it is set up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::time::{ms, secs};
use pinzero_core::{
    Capabilities, Error, ErrorKind, FlexConfig, FlexPin, GroupConfig, Host, InputConfig, InputPins,
    InputsConfig, Level, Line, LineFunction, LineInfo, OutputConfig, OutputGroupPins, OutputPin, Pin,
    PinFactory, PwmConfig, PwmPin, Result, SpiBus, SpiConfig, Support,
};

use crate::address::Address;
use crate::client::{Client, Gap, Settings};
use crate::connection::Limits;
use crate::flex::PigpioFlex;
use crate::group::PigpioGroup;
use crate::i2c::I2c;
use crate::input::{LONGEST_SETTLE, PigpioInputs};
use crate::link_event::LinkEvents;
use crate::output::PigpioOutput;
use crate::pipeline::Frame;
use crate::protocol::Command;
use crate::pwm::{PigpioPwm, PwmResources};
use crate::spi::PigpioSpi;
use crate::waves::Waves;

/// How many events a listener may lag behind.
const EVENTS: usize = 64;

/// How many requests may be unanswered when a write returns that is not acknowledged. Far fewer than may be under way, as
/// blinks want to be sent, too.
const LAG: u64 = 512;

/// The lines that the protocol knows.
const LINES: u32 = 54;

/// How to connect to a daemon; made by [`PigpioFactory::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is connected before `connect`"]
pub struct PigpioBuilder {
    address: String,
    settings: Settings,
}

impl PigpioBuilder {
    /// How long connecting may take; 5 s if nothing is said.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.settings.limits.connect = time;
        self
    }

    /// How long the daemon may take to answer before the connection counts as lost; 2 s if nothing is said.
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.settings.limits.request = time;
        self
    }

    /// How long the network may be gone before that is noticed while nothing is sent; 30 s if nothing is said, 6 s at
    /// the least. The operating systems do the asking, and nothing wakes up here.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.settings.limits.keep_alive = time;
        self
    }

    /// How long the daemon may be silent; it sends a sign of life every minute, and 130 s are allowed if nothing is
    /// said.
    pub fn silence(mut self, time: Duration) -> Self {
        self.settings.limits.silence = time;
        self
    }

    /// The first pause before an attempt to connect again, which doubles with each attempt, and the longest; 0.1 s and
    /// 5 s if nothing is said.
    pub fn reconnect(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.retry = Some((first.max(ms(1)), longest.max(first)));
        self
    }

    /// A connection that is lost stays so.
    pub fn no_reconnect(mut self) -> Self {
        self.settings.retry = None;
        self
    }

    /// What becomes of a command while the connection is lost; it fails if nothing is said.
    pub fn while_disconnected(mut self, gap: Gap) -> Self {
        self.settings.gap = gap;
        self
    }

    /// Writes return once they are sent, and do not wait for the daemon: for many of them in a row, over a network that takes
    /// its time. If nothing is said, a write returns when the daemon has done it.
    ///
    /// They are done in order. What one of them meets is told by a later call on the same device: the next write after the
    /// answer has come, reading the level, or closing. Reading waits for all writes before it. When 512 have no answer, the
    /// next one waits. After a loss of the connection the last level that was asked for is restored, as always.
    ///
    /// ```no_run
    /// use pinzero_core::{Gpio, Level};
    /// use pinzero_pigpio::PigpioFactory;
    ///
    /// let gpio = Gpio::new(PigpioFactory::builder("pi.local").unacknowledged().connect()?)?;
    /// let clock = gpio.output(17).open()?;
    /// for _ in 0..1000 {
    ///     clock.toggle()?;
    /// }
    /// // All of them are done.
    /// clock.level()?;
    /// # Ok::<(), pinzero_core::Error>(())
    /// ```
    pub fn unacknowledged(mut self) -> Self {
        self.settings.lag = LAG;
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// * [`InvalidValue`](ErrorKind::InvalidValue) if the address is none, or a time is zero.
    /// * [`Disconnected`](ErrorKind::Disconnected) if no daemon answers there, and why.
    /// * [`Io`](ErrorKind::Io) if the system gives no thread.
    pub fn connect(self) -> Result<PigpioFactory> {
        let connect = || {
            let Limits { connect, request, keep_alive, silence } = self.settings.limits;
            if [connect, request, silence].iter().any(Duration::is_zero) || keep_alive < secs(6) {
                let message = "a time limit is zero, or one for the network is less than 6 s";
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            let (client, greeting) = Client::open(Address::parse(&self.address)?, self.settings)?;
            let board = Board::from_revision(greeting.revision).unwrap_or_else(|_| Board::generic(LINES));
            let host = host(greeting.peer);
            let owner = Owner { client, board, host, pwm: Arc::default() };
            Ok(PigpioFactory(Arc::new(owner)))
        };
        connect().map_err(|error: Error| error.with_factory("pigpio"))
    }
}

/// The name of a host that two addresses of this computer share.
fn host(peer: SocketAddr) -> String {
    if peer.ip().to_canonical().is_loopback() {
        return format!("localhost:{}", peer.port());
    }
    SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string()
}

/// The backend for pins of another computer, through pigpiod or `pinzero serve`. A cheap handle: clones are the same
/// connection, which the last to go closes; so does the [`Gpio`](pinzero_core::Gpio) that it was given to.
///
/// ```no_run
/// use pinzero_core::Gpio;
/// use pinzero_pigpio::PigpioFactory;
///
/// let pi = PigpioFactory::connect("pi.local")?;
/// let mut events = pi.link_events();
/// std::thread::spawn(move || events.for_each(|event| println!("{event:?}")));
///
/// let gpio = Gpio::new(pi)?;
/// let led = gpio.output(17).open()?;
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PigpioFactory(Arc<Owner>);

#[derive(Debug)]
struct Owner {
    client: Arc<Client>,
    board: Board,
    host: String,
    pwm: Arc<PwmResources>,
}

impl PigpioFactory {
    /// What every daemon can do.
    pub const CAPABILITIES: Capabilities = Capabilities {
        output: Support::Native,
        input: Support::Native,
        bias: Support::Native,
        edges: Support::Native,
        inputs: Support::Native,
        group: Support::Native,
        flex: Support::Native,
        pwm: Support::Native,
        spi: Support::Native,
        settle: LONGEST_SETTLE,
        keep: Support::Native,
        ..Capabilities::NONE
    };

    /// Connects to the daemon at `address` with the usual settings.
    ///
    /// That is `"pi.local"`, `"pi.local:8888"`, `"pigpio://pi.local"`, an IPv4 or (in brackets if a port follows) IPv6
    /// address. An empty host is what `PIGPIO_ADDR` says, else this computer; a missing port is what `PIGPIO_PORT`
    /// says, else 8888.
    ///
    /// # Errors
    /// As for [`PigpioBuilder::connect`].
    pub fn connect(address: impl Into<String>) -> Result<Self> {
        PigpioFactory::builder(address).connect()
    }

    /// Prepares to connect with other settings.
    pub fn builder(address: impl Into<String>) -> PigpioBuilder {
        let limits = Limits { connect: secs(5), request: secs(2), keep_alive: secs(30), silence: secs(130) };
        let settings = Settings { limits, gap: Gap::default(), retry: Some((ms(100), secs(5))), lag: 0 };
        PigpioBuilder { address: address.into(), settings }
    }

    /// The losses and returns of the connection from now on.
    pub fn link_events(&self) -> LinkEvents {
        let (sender, receiver) = sync_channel(EVENTS);
        self.0.client.listen(sender);
        LinkEvents(receiver)
    }

    /// Whether the connection is there, as far as is known.
    pub fn is_connected(&self) -> bool {
        self.0.client.is_connected()
    }

    /// The daemon's waves.
    #[doc(hidden)]
    pub fn waves(&self) -> Waves {
        Waves(self.0.client.clone())
    }

    /// Opens a device on an I2C bus of the daemon's host. The bus is not asked whether there is such a device.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if there is no such bus, [`Unsupported`](ErrorKind::Unsupported) if the daemon has no I2C,
    /// [`Disconnected`](ErrorKind::Disconnected).
    #[doc(hidden)]
    pub fn i2c(&self, bus: u32, address: u8) -> Result<I2c> {
        I2c::open(&self.0.client, bus, address).map_err(|error| error.with_factory("pigpio"))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Err(error) = self.client.close() {
            log::warn!("{}: pins were not given back as they should be: {error}", self.client.address());
        }
    }
}

impl PinFactory for PigpioFactory {
    fn name(&self) -> &'static str {
        "pigpio"
    }

    fn host(&self) -> Host {
        Host::Remote(self.0.host.clone())
    }

    fn capabilities(&self) -> Capabilities {
        PigpioFactory::CAPABILITIES
    }

    fn board(&self) -> Board {
        self.0.board.clone()
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let questions = [Command::Modeg, Command::Read].map(|command| Frame::new(command, line.0, 0));
        let answers = self.0.client.wait_for_connection()?.pipeline.ask_all(&questions)?;
        let [mode, level] = &answers[..] else { unreachable!("each question has an answer") };
        let function = match mode.value()? {
            0 => LineFunction::Input,
            1 => LineFunction::Output,
            // The numbers of the registers, in which the functions are not in order.
            2 => LineFunction::Alternate(5),
            3 => LineFunction::Alternate(4),
            mode => LineFunction::Alternate(mode.saturating_sub(4) as u8),
        };
        let level = Some(Level::from(level.value()? != 0));
        Ok(LineInfo { function: Some(function), level, ..LineInfo::default() })
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Ok(Box::new(PigpioOutput::open(&self.0.client, &self.0.board, line, config)?))
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        Ok(Box::new(PigpioGroup::open(&self.0.client, &self.0.board, lines, config)?))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        Ok(Box::new(PigpioInputs::open(&self.0.client, &self.0.board, line, config)?))
    }

    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        Ok(Box::new(PigpioInputs::open_all(&self.0.client, &self.0.board, lines, config)?))
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        let Owner { client, board, pwm, .. } = &*self.0;
        Ok(Box::new(PigpioFlex::open(client, pwm, board, line, config)?))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        let Owner { client, board, pwm, .. } = &*self.0;
        Ok(Box::new(PigpioPwm::open(client, pwm, board, line, config)?))
    }

    fn open_spi(&self, config: SpiConfig) -> Result<Box<dyn SpiBus>> {
        Ok(Box::new(PigpioSpi::open(&self.0.client, config)?))
    }

    fn close(&self) -> Result<()> {
        self.0.client.close()
    }
}
