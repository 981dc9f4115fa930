//! The states of lines, and the kernel's flags for them.

use gpiocdev::line::{self, EdgeDetection, EventClock, Value};
use gpiocdev_uapi::v2::{LineAttributeValue, LineConfig, LineFlags, LineValues};
use pinzero_core::{Bias, Level, Line, Release};

/// Returns the state of an input with this pull, without edges.
fn input(bias: Bias) -> line::Config {
    let mut state = line::Config::default();
    state.as_input().bias = match bias {
        Bias::AsIs => None,
        Bias::Disabled => Some(line::Bias::Disabled),
        Bias::PullDown => Some(line::Bias::PullDown),
        Bias::PullUp => Some(line::Bias::PullUp),
    };
    state
}

/// Returns the state of an input with this pull and, if `edges` is set, with edges.
pub(crate) fn input_with(bias: Bias, edges: bool) -> line::Config {
    let mut state = input(bias);
    if edges {
        state.with_edge_detection(EdgeDetection::BothEdges);
        state.event_clock = Some(EventClock::Monotonic);
    }
    state
}

/// Returns the state of an output at this level.
pub(crate) fn output(level: Level) -> line::Config {
    let mut state = line::Config::default();
    // Active is high, since no line is ever requested as active low.
    state.as_output(Value::from(level.is_high()));
    state
}

/// Returns the state in which to leave a line.
pub(crate) fn released(release: Release) -> line::Config {
    match release {
        // The kernel reports no function, so none is ever found.
        Release::AsIs | Release::Function => line::Config::default(),
        Release::Input(bias) => input(bias),
        Release::Output(level) => output(level),
    }
}

/// Returns the states of `count` outputs at these levels.
pub(crate) fn outputs(count: usize, levels: u64) -> Vec<line::Config> {
    (0..count).map(|index| output(Level::of_bit(levels, index))).collect()
}

/// Converts states to the kernel's format: the flags of the first line are the default, and other lines have
/// attributes.
pub(crate) fn config(wanted: &[(Line, line::Config)]) -> LineConfig {
    let mut config = LineConfig::default();
    let mut values = LineValues::default();
    for (index, (_, state)) in wanted.iter().enumerate() {
        let flags = LineFlags::from(state);
        let others = &mut config.attrs.0[..config.num_attrs as usize];
        let same = LineAttributeValue::Flags(flags);
        if index == 0 {
            config.flags = flags;
        } else if let Some(other) = others.iter_mut().find(|other| other.attr.to_value() == Some(same)) {
            other.mask |= 1 << index;
        } else if flags != config.flags {
            config.add_flags(flags, 1 << index);
        }
        if let Some(value) = state.value {
            values.set(index, value == Value::Active);
        }
    }
    if values.mask != 0 {
        config.add_values(&values);
    }
    config
}

/// Converts the kernel's flag to a bias.
pub(crate) fn bias_of(bias: line::Bias) -> Bias {
    match bias {
        line::Bias::Disabled => Bias::Disabled,
        line::Bias::PullDown => Bias::PullDown,
        line::Bias::PullUp => Bias::PullUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes a request's configuration: the flags of each line, and the levels of the outputs.
    fn told(states: &[line::Config]) -> (Vec<LineFlags>, LineValues) {
        let wanted: Vec<_> = (0..).map(Line).zip(states.iter().cloned()).collect();
        let config = config(&wanted);
        let attributes = &config.attrs.0[..config.num_attrs as usize];
        let mut flags = vec![config.flags; states.len()];
        let mut values = LineValues::default();
        for attribute in attributes {
            match attribute.attr.to_value().unwrap() {
                LineAttributeValue::Values(bits) => values = LineValues { bits, mask: attribute.mask },
                LineAttributeValue::Flags(other) => {
                    for (index, flags) in flags.iter_mut().enumerate() {
                        *flags = if attribute.mask >> index & 1 == 1 { other } else { *flags };
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        (flags, values)
    }

    #[test]
    fn each_line_of_a_request_has_its_own_state() {
        let states = [
            input(Bias::PullUp),
            output(Level::High),
            input(Bias::PullDown),
            output(Level::Low),
            line::Config::default(),
            input(Bias::PullUp),
            input(Bias::Disabled),
            output(Level::High),
            input(Bias::AsIs),
            input(Bias::PullDown),
        ];
        let (flags, values) = told(&states);
        assert_eq!(flags, states.each_ref().map(LineFlags::from));
        assert_eq!(values, LineValues { bits: 0b1000_0010, mask: 0b1000_1010 });
    }

    #[test]
    fn the_last_of_64_lines_has_the_last_bit() {
        let mut states = vec![output(Level::Low); 64];
        states[63] = output(Level::High);
        let (flags, values) = told(&states);
        assert_eq!(flags, vec![LineFlags::OUTPUT; 64]);
        assert_eq!(values, LineValues { bits: 1 << 63, mask: u64::MAX });
    }
}
