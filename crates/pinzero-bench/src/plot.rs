//! Plots of how a cost grows, as SVG.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use plotters::prelude::*;

use crate::row::Point;

/// What a plot shows: its file's name, its title, and what its axes are.
const PLOTS: [(&str, &str, &str, &str); 6] = [
    ("devices-opening", "Opening one more device", "devices", "nanoseconds each"),
    ("devices-memory", "Memory of a device", "devices", "bytes each"),
    ("devices-threads", "Threads of all devices", "devices", "threads"),
    ("edges", "An edge in a flood of them", "edges", "nanoseconds each"),
    ("requests-by-connections", "Requests at the daemon", "connections", "a second"),
    ("latency-by-connections", "A request at the daemon", "connections", "microseconds"),
];

const SIZE: (u32, u32) = (720, 420);
const COLOURS: [RGBColor; 5] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(127, 127, 127),
];

/// Draws the plots that there are points for into `folder`; returns their titles and file names.
pub(crate) fn draw(folder: &Path, points: &[&Point]) -> Result<Vec<(&'static str, String)>, String> {
    let mut drawn = Vec::new();
    for (name, title, x, y) in PLOTS {
        let mut series: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        // What is less than the clock can tell is no point.
        for point in points.iter().filter(|point| point.plot == name && point.y > 0.0) {
            series.entry(&point.series).or_default().push((point.x, point.y));
        }
        if series.is_empty() {
            continue;
        }
        let file = format!("{name}.svg");
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let labels = Labels { title, x, y };
        chart(&folder.join(&file), &labels, &series).map_err(|error| format!("{file}: {error}"))?;
        drawn.push((title, file));
    }
    Ok(drawn)
}

struct Labels<'a> {
    title: &'a str,
    x: &'a str,
    y: &'a str,
}

/// Both axes are logarithmic, for what grows in proportion is a line of slope one then.
fn chart(
    file: &Path,
    labels: &Labels<'_>,
    series: &BTreeMap<&str, Vec<(f64, f64)>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let range = |values: &mut dyn Iterator<Item = f64>| {
        let (least, most) =
            values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        // A line along the frame could not be seen.
        (least / 1.5, most * 1.5)
    };
    let (left, right) = range(&mut series.values().flatten().map(|point| point.0));
    let (bottom, top) = range(&mut series.values().flatten().map(|point| point.1));

    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(labels.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((left..right).log_scale(), (bottom..top).log_scale())?;
    let number = |value: &f64| if *value >= 1.0 { format!("{value:.0}") } else { format!("{value}") };
    chart
        .configure_mesh()
        .x_desc(labels.x)
        .y_desc(labels.y)
        .x_label_formatter(&number)
        .y_label_formatter(&number)
        .light_line_style(WHITE)
        .draw()?;
    for ((name, points), colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let mut points = points.clone();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?
            .label(name.replace('`', ""))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
