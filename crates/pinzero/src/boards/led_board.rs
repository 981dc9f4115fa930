//! [`LedBoard`].

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use pinzero_core::{
    Animation, Blink, Device, Error, ErrorKind, Follower, Level, Line, Part, PinSpec, Result, SetValue,
    Source, Switch, Value,
};

use super::shape::{Shape, Slot, place};
use super::{BoardValue, Lights, Member, MemberKey, Wired, names};
use crate::device::several_pins;
use crate::output::{Bulb, Light, logical};
use crate::{Builder, Open, Site};

/// Several LEDs as one device, some of which may be boards themselves.
///
/// All LEDs change together: without PWM, in one instant where the factory can. Members are found by index, in the order in which they
/// were added, or by name. A member that is switched itself leaves an animation of the board; the others go on. Clones share the LEDs.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let leds = LedBoard::new([17, 27, 22])?;
/// leds.on()?;
/// leds.select([0, -1])?.off()?;
/// leds.set_value([0, 1, 1])?;
/// leds.blink(ms(200), ms(800))?;
/// leds.member(1)?.off()?; // leaves the blink; the others go on
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// With names, and with other options:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let board = LedBoard::builder([17, 27]).led("power", 22).active_high(false).gpio(&gpio).open()?;
/// board.member("power")?.on()?;
/// assert_eq!(board.value()?, [0, 0, 1].into());
/// assert_eq!([17, 27, 22].map(|pin| gpio.line(pin).level()), [Level::High, Level::High, Level::Low]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct LedBoard(Arc<Inner>);

struct Inner {
    members: Vec<Member>,
    /// The names and the nesting of the members.
    shape: Arc<Shape>,
    /// The LEDs of the whole tree.
    lights: Vec<Light>,
    /// The part of each LED in an animation.
    parts: Vec<Part>,
}

impl LedBoard {
    /// Opens LEDs on `pins` of the default factory, without PWM. They start dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Result<Self> {
        LedBoard::builder(pins).open()
    }

    /// Returns a builder for LEDs on `pins` with other options, to which named LEDs and boards can be added.
    pub fn builder<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Builder<Self, Lights> {
        Builder::new(Lights::new(pins))
    }

    /// Returns a builder for LEDs with names, to which others can be added.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let board = LedBoard::named([("power", 17), ("disk", 27)]).open()?;
    /// board.member("disk")?.on()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn named<'a, P: Into<PinSpec>>(
        leds: impl IntoIterator<Item = (&'a str, P)>,
    ) -> Builder<Self, Lights> {
        Builder::new(Lights::named(leds))
    }

    /// Returns the members: LEDs and boards, in the order in which they were added.
    pub fn members(&self) -> &[Member] {
        &self.0.members
    }

    /// Returns the names of the members, `None` for a member without a name.
    pub fn names(&self) -> Vec<Option<&str>> {
        self.0.shape.slots().iter().map(|slot| slot.name.as_deref()).collect()
    }

    /// Returns all LEDs, those of inner boards too.
    pub fn lights(&self) -> &[Light] {
        &self.0.lights
    }

    /// Returns the lines of all LEDs.
    pub fn pins(&self) -> Vec<Line> {
        self.lights().iter().map(Light::pin).collect()
    }

    /// Returns a member by its index, by its name, or by a path of these, such as `"left.0"`. A negative index counts from the end.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the board has no such member.
    pub fn member<'a>(&self, key: impl Into<MemberKey<'a>>) -> Result<&Member> {
        let find = |key| Ok(&self.members()[self.position(key)?]);
        let key = key.into();
        let MemberKey::Path(path) = key else { return find(key) };
        let Some((first, rest)) = path.split_once('.') else { return find(key) };
        match find(first.into())? {
            Member::Board(board) => board.member(rest),
            Member::Light(_) => {
                let message = format!("`{first}` is one LED, and has no member `{rest}`");
                Err(Error::new(ErrorKind::InvalidValue, message))
            }
        }
    }

    /// Returns the index of a member, whose key is no path.
    pub(crate) fn position(&self, key: MemberKey<'_>) -> Result<usize> {
        names::position(&self.names(), key)
    }

    /// Returns a board of some members, which shares their LEDs. Its members have no names.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let leds = LedBoard::new([2, 3, 4, 5])?;
    /// leds.select([0, 2])?.on()?;
    /// leds.select([-1])?.toggle()?;
    /// assert_eq!(leds.value()?, [1, 0, 1, 1].into());
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the board has no such member, if none is selected, or a LED twice.
    pub fn select<'a, K: Into<MemberKey<'a>>>(&self, keys: impl IntoIterator<Item = K>) -> Result<LedBoard> {
        let members = keys.into_iter().map(|key| self.member(key).cloned()).collect::<Result<Vec<_>>>()?;
        let invalid = |message| Err(Error::new(ErrorKind::InvalidValue, message));
        if members.is_empty() {
            return invalid("no member is selected: name one at least".to_owned());
        }
        let pins: Vec<Line> = members.iter().flat_map(Member::lights).map(Light::pin).collect();
        if let Some((_, pin)) = pins.iter().enumerate().find(|(index, pin)| pins[..*index].contains(pin)) {
            return invalid(format!("the LED on {pin} is selected twice: name it once"));
        }
        Ok(LedBoard::unnamed(members))
    }

    /// Turns all LEDs fully on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.set_all(1.0)
    }

    /// Turns all LEDs off. Once this returns, no step of an animation writes any more.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.set_all(0.0)
    }

    fn set_all(&self, value: f64) -> Result<()> {
        let writes: Vec<_> = self.0.parts.iter().map(|part| (part, value)).collect();
        Part::write_together(&writes)
    }

    /// Sets the value of each LED to 1 less its value: LEDs that are on go off, and the others on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        let parts: Vec<_> = self.0.parts.iter().collect();
        Part::change_together(&parts, |values| {
            values.iter_mut().for_each(|value| *value = logical(*value, Level::Low));
        })
    }

    /// Sets the values of the LEDs, in the shape of the board. A number in the place of a board stands for all its LEDs.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let leds = LedBoard::builder([17, 27, 22]).pwm(true).open()?;
    /// leds.set_value([0.25, 0.5, 1.0])?;
    /// leds.set_value(0.5)?; // all of them
    /// assert!(leds.set_value([0.0, 1.0]).is_err());
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the values have another shape than the board, or one is out of range, or neither 0 nor
    /// 1 without PWM: then nothing is written. See also [`Switch`].
    pub fn set_value(&self, value: impl Into<BoardValue>) -> Result<()> {
        let values = self.0.shape.spread(&value.into())?;
        let writes: Vec<_> = self.0.parts.iter().zip(values).collect();
        Part::write_together(&writes)
    }

    /// Returns the values last set, by an animation or by a call, in the shape of the board.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn value(&self) -> Result<BoardValue> {
        self.lights().iter().try_for_each(Light::check_open)?;
        Ok(self.state())
    }

    /// Returns whether any LED is lit, however dimly.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        self.lights().iter().try_fold(false, |lit, light| Ok(light.is_active()? || lit))
    }

    /// Returns whether any LED is lit, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }

    /// Blinks all LEDs together in the background until the next write: on for `on_time`, off for `off_time`.
    ///
    /// # Errors
    /// See [`blink_with`](Self::blink_with).
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Fades all LEDs in and out together, in the background until the next write.
    ///
    /// # Errors
    /// See [`blink_with`](Self::blink_with).
    pub fn pulse(&self, fade_in_time: Duration, fade_out_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::pulse(fade_in_time, fade_out_time))
    }

    /// Blinks all LEDs together in the background by a plan, which may end, and may fade with PWM.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let leds = LedBoard::new([17, 27])?;
    /// leds.blink_with(Blink::new(ms(200), ms(200)).times(5))?.wait()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if a cycle is shorter than 100 µs, or the plan fades and a LED has no PWM; see also
    /// [`Switch`].
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        Animation::start(self.0.parts.iter().cloned(), plan)
    }

    /// Returns the values from now on, for another device to follow: the values last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<BoardValue> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// The values of the source are those that [`set_value`](Self::set_value) takes: numbers for all LEDs, or lists.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::source::zip_values;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let buttons = [Button::new(2)?, Button::new(3)?];
    /// let leds = LedBoard::new([17, 27])?;
    /// leds.follow(zip_values(buttons.iter().map(Button::values)))?; // each LED its button
    /// # gpio.line(3).press(ms(100));
    /// # gpio.advance(ms(50));
    /// # assert_eq!(leds.value()?, [0, 1].into());
    /// leds.follow(buttons[0].values())?; // all LEDs one button
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow<T>(&self, source: Source<T>) -> Result<Follower>
    where
        T: Into<BoardValue> + Clone + PartialEq + Send + 'static,
    {
        let shape = self.0.shape.clone();
        source.write_together(self.0.parts.iter().cloned(), move |value| shape.spread(&value.into()))
    }

    pub(crate) fn state(&self) -> BoardValue {
        self.members().iter().map(Member::state).collect()
    }

    /// Returns the part of each LED in an animation.
    pub(super) fn all_parts(&self) -> &[Part] {
        &self.0.parts
    }

    /// Returns a board of open members, without names.
    pub(super) fn unnamed(members: Vec<Member>) -> LedBoard {
        let shape = Shape::new(
            members
                .iter()
                .map(|member| Slot { name: None, board: member.board().map(|board| board.0.shape.clone()) }),
        );
        LedBoard::of(members, shape)
    }

    fn of(members: Vec<Member>, shape: Arc<Shape>) -> LedBoard {
        let lights: Vec<Light> = members.iter().flat_map(Member::lights).cloned().collect();
        let parts = lights.iter().map(Light::part).collect();
        LedBoard(Arc::new(Inner { members, shape, lights, parts }))
    }

    /// Makes a board of the next open lights.
    fn assemble(shape: Arc<Shape>, lights: &mut slice::Iter<'_, Light>) -> LedBoard {
        let mut members = Vec::with_capacity(shape.slots().len());
        for slot in shape.slots() {
            members.extend(match &slot.board {
                Some(board) => Some(Member::Board(LedBoard::assemble(board.clone(), lights))),
                None => lights.next().cloned().map(Member::Light),
            });
        }
        LedBoard::of(members, shape)
    }
}

/// Adds the LEDs of a board to `bulbs`, each with its place in the outer board; `path` is the place of this board.
fn list<'a>(options: &'a Lights, path: &str, bulbs: &mut Vec<(String, Bulb<'a>)>) -> Result<()> {
    options.check(path)?;
    for (index, (name, wired)) in options.members.iter().enumerate() {
        let path = place(path, index, name.as_deref());
        match wired {
            Wired::Board(board) => list(board, &path, bulbs)?,
            Wired::Led(pin) => {
                let Lights { active, dimmable, initial, .. } = options;
                bulbs.push((path, Bulb { pin, active: *active, dimmable, value: *initial }));
            }
        }
    }
    Ok(())
}

impl Open<Lights> for LedBoard {
    const NAME: &'static str = "LedBoard";

    fn open(options: Lights, site: &Site) -> Result<Self> {
        let mut bulbs = Vec::new();
        list(&options, "", &mut bulbs).map_err(|error| error.with_device(site.device()))?;
        let roles: Vec<_> = bulbs.iter().map(|(path, bulb)| (path.as_str(), bulb.pin)).collect();
        site.check_distinct(&roles)?;
        let bulbs: Vec<_> = bulbs.into_iter().map(|(_, bulb)| bulb).collect();
        let lights = Light::open_each(&bulbs, site)?;
        Ok(LedBoard::assemble(Shape::of(&options), &mut lights.iter()))
    }
}

impl Device for LedBoard {
    fn parts(&self) -> Vec<&dyn Device> {
        self.members().iter().map(|member| member as &dyn Device).collect()
    }
}

impl Switch for LedBoard {
    fn set_active(&self, on: bool) -> Result<()> {
        if on { self.on() } else { self.off() }
    }

    fn is_active(&self) -> Result<bool> {
        self.is_active()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}

impl Value for LedBoard {
    type Value = BoardValue;

    fn value(&self) -> Result<BoardValue> {
        self.value()
    }

    fn values(&self) -> Source<BoardValue> {
        self.values()
    }
}

impl SetValue for LedBoard {
    fn set_value(&self, value: BoardValue) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<BoardValue>) -> Result<Follower> {
        self.follow(source)
    }
}

several_pins!(LedBoard);
