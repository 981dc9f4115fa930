//! The factory and its builder.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::time::{ms, secs};
use pinzero_core::{
    Capabilities, Error, ErrorKind, FlexConfig, FlexPin, GroupConfig, HardwareSpiConfig, Host, I2cBus,
    I2cConfig, InputConfig, InputPins, InputsConfig, Level, Line, LineFunction, LineInfo, OutputConfig,
    OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SerialConfig, SerialPort,
    SoftI2cConfig, SpiBus, SpiConfig, Support,
};

use crate::address::Address;
use crate::client::{Client, Gap, Settings};
use crate::connection::Limits;
use crate::flex::PigpioFlex;
use crate::group::PigpioGroup;
use crate::i2c::PigpioI2c;
use crate::input::{LONGEST_SETTLE, PigpioInputs};
use crate::link_event::LinkEvents;
use crate::output::PigpioOutput;
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;
use crate::pwm::{PigpioPwm, PwmResources};
use crate::serial::PigpioSerial;
use crate::spi::PigpioSpi;
use crate::waves::Waves;

/// The number of events that a listener may lag behind.
const EVENTS: usize = 64;

/// The number of requests that may be unanswered when an unacknowledged write returns. Far below the limit of the
/// pipeline, to leave room for blinks.
const LAG: u64 = 512;

/// The lines that the protocol knows.
const LINES: u32 = 54;

/// PigpioBuilder for a connection to a daemon; returned by [`PigpioFactory::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is connected before `connect`"]
pub struct PigpioBuilder {
    address: String,
    settings: Settings,
}

impl PigpioBuilder {
    /// Sets the time limit for connecting. Default: 5 s.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.settings.limits.connect = time;
        self
    }

    /// Sets how long the daemon may take to answer before the connection counts as lost. Default: 2 s.
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.settings.limits.request = time;
        self
    }

    /// Sets how long the network may be down before the loss is noticed while nothing is sent. Default: 30 s; minimum:
    /// 6 s. The operating systems send the probes, so no thread wakes up.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.settings.limits.keep_alive = time;
        self
    }

    /// Sets how long the daemon may be silent; it sends a sign of life every minute. Default: 130 s.
    pub fn silence(mut self, time: Duration) -> Self {
        self.settings.limits.silence = time;
        self
    }

    /// Sets the pauses between attempts to reconnect: the first, which doubles with each attempt, and the longest.
    /// Default: 0.1 s and 5 s.
    pub fn reconnect(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.retry = Some((first.max(ms(1)), longest.max(first)));
        self
    }

    /// Never reconnects: a lost connection stays lost.
    pub fn no_reconnect(mut self) -> Self {
        self.settings.retry = None;
        self
    }

    /// Sets the fate of a command while the connection is lost. Default: the command fails.
    pub fn while_disconnected(mut self, gap: Gap) -> Self {
        self.settings.gap = gap;
        self
    }

    /// Lets writes return when they are sent, without waiting for the daemon: for many writes in a row over a slow
    /// network. Default: a write returns when the daemon has done it.
    ///
    /// Writes take effect in order. A later call on the same device returns the error of a write: the next write after
    /// the answer has come, reading the level, or closing. Reading waits for all writes before it. When 512 writes are
    /// unanswered, the next one waits. After a loss of the connection, the last requested level is restored, as always.
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

    /// Connects to the daemon.
    ///
    /// # Errors
    /// * [`InvalidValue`](ErrorKind::InvalidValue) if the address is invalid, or a time is zero.
    /// * [`Disconnected`](ErrorKind::Disconnected) if no daemon answers there, with the reason.
    /// * [`Io`](ErrorKind::Io) if the system cannot start a thread.
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

/// Returns the host name that two addresses on this computer share.
fn host(peer: SocketAddr) -> String {
    if peer.ip().to_canonical().is_loopback() {
        return format!("localhost:{}", peer.port());
    }
    SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string()
}

/// The backend for pins of another computer, through pigpiod or `pinzero serve`. Cloning is cheap; clones share one
/// connection. The connection closes with the last clone, or with the [`Gpio`](pinzero_core::Gpio) that got the
/// factory.
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
    /// The capabilities of every daemon.
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
        hardware_spi: Support::Native,
        i2c: Support::Native,
        soft_i2c: Support::Native,
        serial: Support::Native,
        settle: LONGEST_SETTLE,
        keep: Support::Native,
    };

    /// Connects to the daemon at `address` with the default settings.
    ///
    /// The address is `"pi.local"`, `"pi.local:8888"`, `"pigpio://pi.local"`, an IPv4 or (in brackets if a port
    /// follows) IPv6 address. An empty host means that of `PIGPIO_ADDR`, or this computer if unset. A missing port
    /// means that of `PIGPIO_PORT`, or 8888 if unset.
    ///
    /// # Errors
    /// See [`PigpioBuilder::connect`].
    pub fn connect(address: impl Into<String>) -> Result<Self> {
        PigpioFactory::builder(address).connect()
    }

    /// Returns a builder, to connect with other settings.
    pub fn builder(address: impl Into<String>) -> PigpioBuilder {
        let limits = Limits { connect: secs(5), request: secs(2), keep_alive: secs(30), silence: secs(130) };
        let settings = Settings { limits, gap: Gap::default(), retry: Some((ms(100), secs(5))), lag: 0 };
        PigpioBuilder { address: address.into(), settings }
    }

    /// Returns an iterator over the losses and returns of the connection from now on.
    pub fn link_events(&self) -> LinkEvents {
        let (sender, receiver) = sync_channel(EVENTS);
        self.0.client.listen(sender);
        LinkEvents::new(receiver)
    }

    /// Returns `true` if the connection is up, as far as the factory knows.
    pub fn is_connected(&self) -> bool {
        self.0.client.is_connected()
    }

    /// Returns the daemon's waves.
    #[doc(hidden)]
    pub fn waves(&self) -> Waves {
        Waves(self.0.client.clone())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Err(error) = self.client.close() {
            pinzero_core::warn_user(&format!(
                "{}: pins were not given back as they should be: {error}",
                self.client.address()
            ));
        }
    }
}

/// Returns the state of a line, from the answers about its mode and its level.
fn line_info(mode: &Answer, level: &Answer) -> Result<LineInfo> {
    let function = |mode: u32| match mode {
        0 => LineFunction::Input,
        1 => LineFunction::Output,
        // The register values of the functions, which are not in order.
        2 => LineFunction::Alternate(5),
        3 => LineFunction::Alternate(4),
        mode => LineFunction::Alternate(mode.saturating_sub(4) as u8),
    };
    let level = known(level)?.map(|level| Level::from(level != 0));
    Ok(LineInfo { function: known(mode)?.map(function), level, ..LineInfo::default() })
}

/// Returns an answer; `None` if the daemon does not let its clients see this line. Our daemon keeps lines outside of its mask to itself.
fn known(answer: &Answer) -> Result<Option<u32>> {
    match answer.value() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        value => value.map(Some),
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

    fn report_to(&self, reports: &pinzero_core::Reports) {
        self.0.client.report_to(reports);
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        // One line has one answer.
        self.line_infos(&[line])?.pop().ok_or_else(Error::closed)
    }

    fn line_infos(&self, lines: &[Line]) -> Result<Vec<LineInfo>> {
        let questions =
            |line: &Line| [Command::Modeg, Command::Read].map(|command| Frame::new(command, line.0, 0));
        let questions: Vec<Frame> = lines.iter().flat_map(questions).collect();
        let answers = self.0.client.wait_for_connection()?.pipeline.ask_all(&questions)?;
        answers.chunks_exact(2).map(|answers| line_info(&answers[0], &answers[1])).collect()
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

    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        Ok(Box::new(PigpioSpi::open_hardware(&self.0.client, config)?))
    }

    fn open_i2c(&self, config: I2cConfig) -> Result<Box<dyn I2cBus>> {
        Ok(Box::new(PigpioI2c::open(&self.0.client, &self.0.board, config)?))
    }

    fn open_soft_i2c(&self, config: SoftI2cConfig) -> Result<Box<dyn I2cBus>> {
        Ok(Box::new(PigpioI2c::open_soft(&self.0.client, &self.0.board, config)?))
    }

    fn open_serial(&self, config: SerialConfig) -> Result<Box<dyn SerialPort>> {
        Ok(Box::new(PigpioSerial::open(&self.0.client, config)?))
    }

    fn close(&self) -> Result<()> {
        self.0.client.close()
    }
}
