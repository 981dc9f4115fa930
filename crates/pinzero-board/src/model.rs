//! The Raspberry Pi models, by the type field of a new-style revision code.
//!
//! The names and codes are from Raspberry Pi's list of revision codes. The other facts follow its product briefs, but not each one has
//! been compared with its brief: a brief that says otherwise is right. A fact that is not known is left out.

use std::borrow::Cow;

use crate::facts::{Facts, FormFactor};
use crate::header::{Header, J8, REV1, REV2};

/// The type number of the Model A, which has the 26-pin header.
pub(crate) const A: u32 = 0x00;
/// The type number of the Model B, which has the 26-pin header.
pub(crate) const B: u32 = 0x01;
/// The type number of the Model A+.
pub(crate) const A_PLUS: u32 = 0x02;
/// The type number of the Model B+.
pub(crate) const B_PLUS: u32 = 0x03;
/// The type number of the first compute module.
pub(crate) const CM1: u32 = 0x06;

/// The type number that the 500 and the 500+ share.
const PI_500: u32 = 0x19;

/// A model of the Raspberry Pi.
#[derive(Debug)]
pub(crate) struct Model {
    /// The type number in revision codes.
    pub(crate) kind: u32,
    /// The name, from Raspberry Pi's list of type numbers.
    pub(crate) name: &'static str,
    /// The code of a usual board of this model, from Raspberry Pi's list.
    pub(crate) code: u32,
    pub(crate) facts: Facts,
}

/// Returns the model of a type number; `None` for a type newer than this library.
///
/// The 500 and the 500+ share a number; only the 500+ has 16 GB of memory.
pub(crate) fn find(kind: u32, memory_mb: Option<u32>) -> Option<&'static Model> {
    let has_memory = |model: &&Model| memory_mb.is_some_and(|size| model.facts.memory_mb.contains(&size));
    let mut models = MODELS.iter().filter(|model| model.kind == kind);
    models.clone().find(has_memory).or_else(|| models.next())
}

/// Returns the name of a model.
pub(crate) fn name(model: Option<&'static Model>, kind: u32) -> Cow<'static, str> {
    match model {
        Some(model) => Cow::Borrowed(model.name),
        None => Cow::Owned(format!("unknown type {kind:#04x}")),
    }
}

/// Returns the headers of a model, the main one first.
///
/// Types newer than this library get J8: every board since 2014 has it, except the compute modules. CM4 and CM5
/// get the header of their I/O boards. The other modules can be on a carrier of any layout, and get none.
pub(crate) fn headers(kind: u32, pcb_revision: &str) -> &'static [Header] {
    match kind {
        B if pcb_revision == "1.0" => REV1,
        A | B => REV2,
        CM1 | 0x0a | 0x10 | 0x15 | 0x1b => &[],
        _ => J8,
    }
}

const WIFI_N: &str = "2.4 GHz 802.11n";
const WIFI_AC: &str = "2.4 and 5 GHz 802.11ac";
const OPTIONAL_WIFI_N: &str = "2.4 GHz 802.11n, optional";
const OPTIONAL_WIFI_AC: &str = "2.4 and 5 GHz 802.11ac, optional";

const FAST: Option<&str> = Some("100 Mb/s");
const GIGABIT: Option<&str> = Some("1 Gb/s");

const HDMI_AND_RCA: &[&str] = &["HDMI", "composite (RCA)"];
const HDMI_AND_JACK: &[&str] = &["HDMI", "composite (jack)"];
const TWO_MICRO_HDMI: &[&str] = &["2 micro HDMI"];
const TWO_MICRO_HDMI_AND_JACK: &[&str] = &["2 micro HDMI", "composite (jack)"];
const MINI_HDMI: &[&str] = &["mini HDMI", "composite (pads)"];
const MODULE_VIDEO: &[&str] = &["HDMI", "composite"];
const MODULE_VIDEO_2: &[&str] = &["2 HDMI", "composite"];

/// The facts of a board with nothing on it; each row of the table changes what is there.
const NONE: Facts = Facts {
    form: FormFactor::ModelB,
    released: 0,
    memory_mb: &[],
    clock_mhz: 0,
    usb2: 0,
    usb3: 0,
    ethernet: None,
    wifi: None,
    bluetooth: None,
    storage: "microSD",
    csi: 0,
    dsi: 0,
    camera_or_display: 0,
    video: &[],
    connectors: &[],
};

const FIRST: Facts = Facts { clock_mhz: 700, csi: 1, dsi: 1, video: HDMI_AND_JACK, ..NONE };

const B_SIZE: Facts = Facts { usb2: 4, ethernet: FAST, csi: 1, dsi: 1, video: HDMI_AND_JACK, ..NONE };

const ZERO: Facts =
    Facts { form: FormFactor::Zero, clock_mhz: 1000, usb2: 1, csi: 1, video: MINI_HDMI, ..NONE };

const MODULE: Facts = Facts { form: FormFactor::Module, usb2: 1, csi: 2, dsi: 2, ..NONE };

const KEYBOARD: Facts = Facts {
    form: FormFactor::Keyboard,
    usb2: 1,
    usb3: 2,
    ethernet: GIGABIT,
    wifi: Some(WIFI_AC),
    bluetooth: Some("5.0"),
    video: TWO_MICRO_HDMI,
    ..NONE
};

const CM4: Facts = Facts {
    clock_mhz: 1500,
    ethernet: GIGABIT,
    wifi: Some(OPTIONAL_WIFI_AC),
    bluetooth: Some("5.0, optional"),
    memory_mb: &[1024, 2048, 4096, 8192],
    storage: "eMMC of 8 to 32 GB, or none (Lite)",
    video: MODULE_VIDEO_2,
    ..MODULE
};

const CM5: Facts = Facts {
    released: 2024,
    clock_mhz: 2400,
    usb3: 2,
    memory_mb: &[2048, 4096, 8192, 16_384],
    storage: "eMMC of 16 to 64 GB",
    csi: 0,
    dsi: 0,
    camera_or_display: 2,
    video: &["2 HDMI"],
    connectors: &["PCIe"],
    ..CM4
};

/// All models, in the order of their type numbers.
#[rustfmt::skip]
pub(crate) static MODELS: &[Model] = &[
    Model { kind: A, name: "Raspberry Pi A", code: 0x0008, facts: Facts {
        form: FormFactor::ModelA, released: 2013, memory_mb: &[256], usb2: 1, storage: "SD", video: HDMI_AND_RCA,
        ..FIRST
    } },
    Model { kind: B, name: "Raspberry Pi B", code: 0x000e, facts: Facts {
        released: 2012, memory_mb: &[256, 512], usb2: 2, ethernet: FAST, storage: "SD", video: HDMI_AND_RCA,
        ..FIRST
    } },
    Model { kind: A_PLUS, name: "Raspberry Pi A+", code: 0x90_0021, facts: Facts {
        form: FormFactor::ModelA, released: 2014, memory_mb: &[256, 512], usb2: 1, connectors: &["RUN"], ..FIRST
    } },
    Model { kind: B_PLUS, name: "Raspberry Pi B+", code: 0x90_0032, facts: Facts {
        released: 2014, memory_mb: &[512], usb2: 4, ethernet: FAST, connectors: &["RUN"], ..FIRST
    } },
    Model { kind: 0x04, name: "Raspberry Pi 2B", code: 0xa0_1041, facts: Facts {
        released: 2015, memory_mb: &[1024], clock_mhz: 900, connectors: &["RUN"], ..B_SIZE
    } },
    Model { kind: CM1, name: "Raspberry Pi CM1", code: 0x90_0061, facts: Facts {
        released: 2014, memory_mb: &[512], clock_mhz: 700, storage: "eMMC of 4 GB",
        video: MODULE_VIDEO, ..MODULE
    } },
    Model { kind: 0x08, name: "Raspberry Pi 3B", code: 0xa0_2082, facts: Facts {
        released: 2016, memory_mb: &[1024], clock_mhz: 1200, wifi: Some(WIFI_N), bluetooth: Some("4.1"),
        connectors: &["RUN"], ..B_SIZE
    } },
    Model { kind: 0x09, name: "Raspberry Pi Zero", code: 0x90_0093, facts: Facts {
        released: 2015, memory_mb: &[512], connectors: &["RUN"], ..ZERO
    } },
    Model { kind: 0x0a, name: "Raspberry Pi CM3", code: 0xa0_20a0, facts: Facts {
        released: 2017, memory_mb: &[1024], clock_mhz: 1200, storage: "eMMC of 4 GB, or none (Lite)",
        video: MODULE_VIDEO, ..MODULE
    } },
    Model { kind: 0x0c, name: "Raspberry Pi Zero W", code: 0x90_00c1, facts: Facts {
        released: 2017, memory_mb: &[512], wifi: Some(WIFI_N), bluetooth: Some("4.1"),
        connectors: &["RUN"], ..ZERO
    } },
    Model { kind: 0x0d, name: "Raspberry Pi 3B+", code: 0xa0_20d3, facts: Facts {
        released: 2018, memory_mb: &[1024], clock_mhz: 1400, ethernet: Some("1 Gb/s port, 300 Mb/s by USB 2"),
        wifi: Some(WIFI_AC), bluetooth: Some("4.2"), connectors: &["PoE", "RUN"], ..B_SIZE
    } },
    Model { kind: 0x0e, name: "Raspberry Pi 3A+", code: 0x90_20e0, facts: Facts {
        form: FormFactor::ModelA, released: 2018, memory_mb: &[512], clock_mhz: 1400, usb2: 1, ethernet: None,
        wifi: Some(WIFI_AC), bluetooth: Some("4.2"), connectors: &["RUN"], ..B_SIZE
    } },
    Model { kind: 0x10, name: "Raspberry Pi CM3+", code: 0xa0_2100, facts: Facts {
        released: 2019, memory_mb: &[1024], clock_mhz: 1200, storage: "eMMC of 8 to 32 GB, or none (Lite)",
        video: MODULE_VIDEO, ..MODULE
    } },
    Model { kind: 0x11, name: "Raspberry Pi 4B", code: 0xc0_3115, facts: Facts {
        released: 2019, memory_mb: &[1024, 2048, 4096, 8192], clock_mhz: 1500, usb2: 2, usb3: 2,
        ethernet: GIGABIT, wifi: Some(WIFI_AC), bluetooth: Some("5.0"), video: TWO_MICRO_HDMI_AND_JACK,
        connectors: &["PoE", "RUN"], ..B_SIZE
    } },
    Model { kind: 0x12, name: "Raspberry Pi Zero 2 W", code: 0x90_2120, facts: Facts {
        released: 2021, memory_mb: &[512], wifi: Some(WIFI_N), bluetooth: Some("4.2"), ..ZERO
    } },
    Model { kind: 0x13, name: "Raspberry Pi 400", code: 0xc0_3130, facts: Facts {
        released: 2020, memory_mb: &[4096], clock_mhz: 1800, ..KEYBOARD
    } },
    Model { kind: 0x14, name: "Raspberry Pi CM4", code: 0xc0_3140, facts: Facts {
        released: 2020, connectors: &["PCIe"], ..CM4
    } },
    Model { kind: 0x15, name: "Raspberry Pi CM4S", code: 0xa0_3150, facts: Facts {
        released: 2022, memory_mb: &[1024], ethernet: None, wifi: None, bluetooth: None, video: MODULE_VIDEO, ..CM4
    } },
    Model { kind: 0x17, name: "Raspberry Pi 5B", code: 0xd0_4171, facts: Facts {
        released: 2023, memory_mb: &[1024, 2048, 4096, 8192, 16_384], clock_mhz: 2400, usb2: 2, usb3: 2,
        ethernet: GIGABIT, wifi: Some(WIFI_AC), bluetooth: Some("5.0"), csi: 0, dsi: 0, camera_or_display: 2,
        video: &["2 micro HDMI", "composite (pads)"],
        connectors: &["PoE", "PCIe", "fan", "UART", "RTC battery", "power button"], ..B_SIZE
    } },
    Model { kind: 0x18, name: "Raspberry Pi CM5", code: 0xd0_4180, facts: CM5 },
    Model { kind: PI_500, name: "Raspberry Pi 500", code: 0xd0_4190, facts: Facts {
        released: 2024, memory_mb: &[8192], clock_mhz: 2400, ..KEYBOARD
    } },
    Model { kind: PI_500, name: "Raspberry Pi 500+", code: 0xe0_4190, facts: Facts {
        released: 2025, memory_mb: &[16_384], clock_mhz: 2400, storage: "NVMe SSD of 256 GB, microSD", ..KEYBOARD
    } },
    Model { kind: 0x1a, name: "Raspberry Pi CM5 Lite", code: 0xd0_41a0, facts: Facts { storage: "none", ..CM5 } },
    Model { kind: 0x1b, name: "Raspberry Pi CM0", code: 0x90_21b0, facts: Facts {
        released: 2025, memory_mb: &[512], clock_mhz: 1000, wifi: Some(OPTIONAL_WIFI_N),
        bluetooth: Some("4.2, optional"), storage: "eMMC, or none (Lite)", csi: 1, dsi: 0, video: MODULE_VIDEO, ..MODULE
    } },
];
