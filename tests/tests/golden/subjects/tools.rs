//! gpiozero's tools: sources of values, all as JSON.

use pinzero::source::{
    all_values, alternating_values, any_values, averaged, cos_values, multiplied, ramping_values,
    random_values, sin_values, summed, zip_values,
};
use pinzero::{Average, Result, Source};
use serde_json::{Value as Json, json};

use crate::subject::{Args, number, truth};

/// Returns the source that an expression stands for: a list of values, a tool, or the name of a device.
pub(crate) fn source(of: &Json, device: &dyn Fn(&str) -> Source<Json>) -> Result<Source<Json>> {
    match of {
        Json::String(name) => Ok(device(name)),
        Json::Array(items) => match &items[..] {
            [Json::String(name), Json::Object(args)] => tool(name, &Args(args.clone()), device),
            _ => Ok(Source::from(items.clone())),
        },
        other => panic!("no source: {other}"),
    }
}

fn tool(name: &str, args: &Args, device: &dyn Fn(&str) -> Source<Json>) -> Result<Source<Json>> {
    let values = || source(args.get("values").unwrap(), device);
    let numbers = || values().map(|values| values.map(|value| number(&value)));
    let all = || -> Result<Vec<Source<Json>>> {
        args.get("args").and_then(Json::as_array).unwrap().iter().map(|of| source(of, device)).collect()
    };
    let all_numbers = || all().map(|all| all.into_iter().map(|values| values.map(|value| number(&value))));
    let all_truths = || all().map(|all| all.into_iter().map(|values| values.map(|value| truth(&value))));
    let get = |name, default| args.number(name).unwrap_or(default);
    let count = |name| get(name, 0.0) as usize;
    let period = || get("period", 360.0) as u32;
    Ok(match name {
        "absoluted" => json_of(numbers()?.absoluted()),
        "all_values" => truth_of(all_values(all_truths()?)),
        "alternating_values" => truth_of(alternating_values(args.flag("initial_value").unwrap_or(false))),
        "any_values" => truth_of(any_values(all_truths()?)),
        "averaged" => json_of(averaged(all_numbers()?)),
        "booleanized" => truth_of(numbers()?.booleanized_with(
            get("min_value", 0.0),
            get("max_value", 0.0),
            get("hysteresis", 0.0),
        )),
        "clamped" => json_of(numbers()?.clamped(get("output_min", 0.0), get("output_max", 1.0))),
        "cos_values" => json_of(cos_values(period())),
        "inverted" => json_of(numbers()?.inverted_in(get("input_min", 0.0), get("input_max", 1.0))),
        "multiplied" => json_of(multiplied(all_numbers()?)),
        "negated" => truth_of(values()?.map(|value| truth(&value)).negated()),
        "post_delayed" => values()?.post_delayed(args.seconds("delay", 0.0)?),
        "post_periodic_filtered" => values()?.post_periodic_filtered(count("repeat_after"), count("block")),
        "pre_delayed" => values()?.pre_delayed(args.seconds("delay", 0.0)?),
        "pre_periodic_filtered" => values()?.pre_periodic_filtered(count("block"), count("repeat_after")),
        "quantized" => json_of(numbers()?.quantized_in(
            get("steps", 0.0) as u32,
            get("input_min", 0.0),
            get("input_max", 1.0),
        )),
        "queued" => values()?.queued(count("qsize")),
        "ramping_values" => json_of(ramping_values(period())),
        "random_values" => json_of(random_values()),
        "scaled" => json_of(numbers()?.scaled_from(
            get("input_min", 0.0),
            get("input_max", 1.0),
            get("output_min", 0.0),
            get("output_max", 1.0),
        )),
        "scaled_full" => json_of(numbers()?.scaled_full()),
        "scaled_half" => json_of(numbers()?.scaled_half()),
        "sin_values" => json_of(sin_values(period())),
        "smoothed" => {
            let is_median = args.get("average").is_some_and(|average| average == "median");
            let average = if is_median { Average::Median } else { Average::Mean };
            json_of(numbers()?.smoothed_by(count("qsize"), average))
        }
        "summed" => json_of(summed(all_numbers()?)),
        "zip_values" => zip_values(all()?).map(Json::Array),
        other => panic!("no tool {other}"),
    })
}

fn json_of(values: Source<f64>) -> Source<Json> {
    values.map(|value| json!(value))
}

fn truth_of(values: Source<bool>) -> Source<Json> {
    values.map(|value| json!(value))
}
