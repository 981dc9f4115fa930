//! Internal devices on virtual time, with readings of our own: events, hysteresis, errors, and rest while nobody listens.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::{fs, thread};

use pinzero::mock::{self, MockGpio};
use pinzero::options::Usage;
use pinzero::prelude::*;
use pinzero::{AnimationEnd, Builder, ErrorKind, Follower, Result, Source};
use pinzero_tests::{Log, PATIENCE, all_dropped, block_on, eventually, poll, receive, without_hanging};

/// The readings of a disk.
#[derive(Clone)]
struct Dial(Arc<(Mutex<Result<f64>>, AtomicU32)>);

impl Dial {
    fn at(percent: f64) -> Dial {
        Dial(Arc::new((Mutex::new(Ok(percent)), AtomicU32::new(0))))
    }

    fn set(&self, percent: f64) {
        *self.0.0.lock().unwrap() = Ok(percent);
    }

    fn fail(&self) {
        *self.0.0.lock().unwrap() = Err(pinzero::Error::new(ErrorKind::Io, "the disk is gone"));
    }

    /// Returns how many readings have been taken since the last call.
    fn taken(&self) -> u32 {
        self.0.1.swap(0, Ordering::Relaxed)
    }

    fn disk(&self) -> Builder<DiskUsage, Usage> {
        let dial = self.0.clone();
        DiskUsage::builder("/data").threshold(80.0).event_delay(secs(10)).probe(move |_| {
            dial.1.fetch_add(1, Ordering::Relaxed);
            dial.0.lock().unwrap().clone()
        })
    }
}

/// Notes the events of a device: the second, whether it became active, and how long it had been so before.
fn record(device: &DiskUsage) -> Log<(u64, bool, u64)> {
    let log = Log::new();
    let note = |active| {
        let log = log.clone();
        move |event: Event| log.push((event.at.as_nanos() / 1_000_000_000, active, event.lasted.as_secs()))
    };
    device.when_activated(note(true));
    device.when_deactivated(note(false));
    log
}

fn errors(gpio: &MockGpio) -> Log<String> {
    let errors = Log::new();
    let log = errors.clone();
    gpio.on_error(move |error| log.push(error.to_string()));
    errors
}

#[test]
fn a_reading_that_is_no_number_is_an_error() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(90.0));
    let errors = errors(&gpio);
    let disk = dial.disk().gpio(&gpio).open()?;
    disk.when_deactivated(|_| ());
    gpio.advance(secs(1));
    dial.set(f64::NAN);
    assert_eq!(disk.usage().unwrap_err().kind(), ErrorKind::InvalidValue);
    gpio.advance(secs(30));
    let told = errors.take();
    assert!(told.len() == 1 && told[0].starts_with("DiskUsage: ") && told[0].contains("NaN"), "{told:?}");
    assert!(disk.active_time().is_some(), "the state stays");
    Ok(())
}

#[test]
fn an_event_is_high_for_an_activation() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let events = disk.events();
    gpio.advance(secs(1));
    dial.set(90.0);
    gpio.advance(secs(10));
    dial.set(50.0);
    gpio.advance(secs(10));
    disk.close()?;
    assert_eq!(events.map(|event| event.level).collect::<Vec<_>>(), [Level::High, Level::Low]);
    Ok(())
}

#[test]
fn a_threshold_out_of_range_names_the_options_of_the_range() {
    let gpio = mock::gpio();
    for (refused, option) in [
        (LoadAverage::builder().threshold(3.0).gpio(&gpio).open().map(drop), "max_load_average"),
        (CpuTemperature::builder().threshold(120.0).gpio(&gpio).open().map(drop), "max_temp"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(option), "{error}");
    }
}

#[test]
fn a_handler_hears_of_each_change_at_the_next_reading() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let log = record(&disk);
    gpio.advance(secs(25));
    dial.set(85.0);
    gpio.advance(secs(20));
    dial.set(80.0);
    gpio.advance(secs(10));
    assert_eq!(log.take(), [(30, true, 0), (50, false, 20)]);
    Ok(())
}

#[test]
fn the_first_state_is_no_event_and_counts_from_the_opening() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(90.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    gpio.advance(secs(7));
    assert_eq!((disk.active_time(), disk.inactive_time()), (Some(secs(7)), None));
    let log = record(&disk);
    gpio.advance(secs(60));
    assert_eq!(log.take(), []);
    assert_eq!(disk.active_time(), Some(secs(67)));
    Ok(())
}

#[test]
fn readings_are_taken_only_while_somebody_listens() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let taken_in_a_minute = || {
        dial.taken();
        gpio.advance(secs(60));
        dial.taken()
    };
    assert_eq!(taken_in_a_minute(), 0, "nobody listens");

    let handler = disk.when_activated(|_| ());
    assert_eq!(dial.taken(), 1, "at once");
    assert_eq!(taken_in_a_minute(), 6);
    handler.remove();
    assert_eq!(taken_in_a_minute(), 0, "the handler is gone");

    let events = disk.events();
    assert_eq!(taken_in_a_minute(), 6);
    drop(events);
    assert_eq!(taken_in_a_minute(), 0, "the iterator is gone");

    assert!(!disk.wait_for_active_timeout(secs(35))?);
    assert_eq!(dial.taken(), 4);
    assert_eq!(taken_in_a_minute(), 0, "the wait is over");

    let mut future = Box::pin(disk.activated());
    dial.set(85.0);
    assert!(poll(&mut future).is_ready());
    drop(future);
    assert_eq!(taken_in_a_minute(), 0, "the future is gone");

    disk.when_activated(|_| ());
    disk.clear_handlers();
    assert_eq!(taken_in_a_minute(), 0, "all handlers are gone");
    disk.when_activated(|_| ());
    assert_eq!(taken_in_a_minute(), 6, "and a later one is heard");
    Ok(())
}

#[test]
fn two_listeners_share_the_readings() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let (one, other) = (disk.when_activated(|_| ()), disk.when_deactivated(|_| ()));
    dial.taken();
    gpio.advance(secs(60));
    assert_eq!(dial.taken(), 6);
    one.remove();
    gpio.advance(secs(60));
    assert_eq!(dial.taken(), 6);
    other.remove();
    Ok(())
}

#[test]
fn a_reading_that_wavers_about_the_threshold_is_one_event_with_hysteresis() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(70.0));
    let (plain, calm) = (dial.disk().gpio(&gpio).open()?, dial.disk().hysteresis(5.0).gpio(&gpio).open()?);
    let (flood, events) = (record(&plain), record(&calm));
    for percent in [81.0, 79.0, 81.0, 75.1, 82.0, 75.0, 79.0] {
        dial.set(percent);
        gpio.advance(secs(10));
    }
    assert_eq!(flood.take().len(), 6);
    assert_eq!(events.take(), [(10, true, 0), (60, false, 50)]);
    Ok(())
}

/// A call that takes a reading is as good as one in the background.
#[test]
fn a_reading_by_a_call_is_an_event_at_once() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let log = record(&disk);
    gpio.advance(secs(3));
    dial.set(85.0);
    assert_eq!((disk.usage()?, disk.value()?, disk.is_active()?), (85.0, 0.85, true));
    assert_eq!(log.take(), [(3, true, 0)]);
    assert_eq!(disk.active_time(), Some(secs(0)));
    Ok(())
}

#[test]
fn waits_end_at_the_reading() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let later = dial.clone();
    gpio.after(secs(15), move || later.set(95.0))?;
    disk.wait_for_active()?;
    assert_eq!(gpio.elapsed(), secs(20));
    disk.wait_for_active()?;
    assert_eq!(gpio.elapsed(), secs(20), "it is active already");
    assert!(!disk.wait_for_inactive_timeout(secs(25))?);
    assert_eq!(gpio.elapsed(), secs(45));
    let later = dial.clone();
    gpio.after(secs(1), move || later.set(5.0))?;
    block_on(disk.deactivated())?;
    assert_eq!(gpio.elapsed(), secs(50));
    Ok(())
}

/// The state of long ago says nothing about now.
#[test]
fn a_wait_takes_a_reading_first() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(95.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    gpio.advance(secs(3600));
    dial.set(50.0);
    assert!(!disk.wait_for_active_timeout(secs(5))?);
    disk.wait_for_inactive()?;
    assert_eq!(gpio.elapsed(), secs(3605));
    Ok(())
}

#[test]
fn events_come_by_an_iterator() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let mut events = disk.events();
    let (full, empty) = (dial.clone(), dial.clone());
    gpio.after(secs(5), move || full.set(95.0))?;
    gpio.after(secs(35), move || empty.set(5.0))?;
    let next = events.next().expect("it is full");
    assert_eq!((next.kind, gpio.elapsed()), (EventKind::Activated, secs(10)));
    let next = events.next().expect("it is empty");
    assert_eq!((next.kind, next.lasted, gpio.elapsed()), (EventKind::Deactivated, secs(30), secs(40)));
    disk.close()?;
    assert_eq!(events.next(), None);
    Ok(())
}

#[test]
fn of_a_series_of_errors_the_first_is_reported_and_the_state_stays() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(95.0));
    let errors = errors(&gpio);
    let disk = dial.disk().gpio(&gpio).open()?;
    let log = record(&disk);
    dial.fail();
    gpio.advance(secs(60));
    assert_eq!(errors.take(), ["DiskUsage: the disk is gone"]);
    assert_eq!((disk.active_time(), log.take()), (Some(secs(60)), vec![]));
    assert_eq!(disk.usage().unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(errors.take(), [""; 0], "the caller has the error");
    dial.set(96.0);
    gpio.advance(secs(10));
    dial.fail();
    gpio.advance(secs(30));
    assert_eq!(errors.take(), ["DiskUsage: the disk is gone"], "a series of its own");
    dial.set(5.0);
    gpio.advance(secs(10));
    assert_eq!(log.take(), [(110, false, 110)]);
    Ok(())
}

#[test]
fn a_reading_that_panics_is_reported_and_readings_go_on() -> Result<()> {
    let gpio = mock::gpio();
    let errors = errors(&gpio);
    let count = AtomicU32::new(0);
    let server = PingServer::builder("pi").event_delay(secs(1)).probe(move |_, _| {
        match count.fetch_add(1, Ordering::Relaxed) {
            1 => panic!("on purpose"),
            number => Ok(number > 2),
        }
    });
    let server = server.gpio(&gpio).open()?;
    server.wait_for_active()?;
    assert_eq!((gpio.elapsed(), gpio.panics(), errors.take().len()), (secs(3), 1, 1));
    Ok(())
}

#[test]
fn a_closed_device_takes_no_reading() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    let log = record(&disk);
    let other = disk.clone();
    other.close()?;
    other.close()?;
    dial.taken();
    dial.set(95.0);
    gpio.advance(secs(60));
    assert!(disk.is_closed());
    assert_eq!((dial.taken(), log.take()), (0, vec![]));
    for error in [
        disk.usage().map(drop),
        disk.is_active().map(drop),
        disk.wait_for_active(),
        block_on(disk.activated()),
    ] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(dial.taken(), 0);
    Ok(())
}

#[test]
fn a_device_ends_with_its_factory_and_with_its_last_handle() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(50.0));
    gpio.on_error(|_| ());
    let disk = dial.disk().gpio(&gpio).open()?;
    disk.when_activated(|_| ());
    drop(disk);
    dial.taken();
    gpio.advance(secs(60));
    assert_eq!(dial.taken(), 0, "the last handle is gone");

    let disk = dial.disk().gpio(&gpio).open()?;
    disk.when_activated(|_| ());
    gpio.close()?;
    assert!(disk.is_closed());
    assert_eq!(dial.disk().gpio(&gpio).open().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

/// A name server that does not answer, a dead network disk: nobody else waits.
#[test]
fn a_reading_that_hangs_delays_nobody_and_close_does_not_wait() {
    without_hanging(|| {
        let gpio = mock::builder().realtime().open();
        let (hang, hangs) = mpsc::channel();
        let (_release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let server = PingServer::builder("pi").event_delay(ms(1)).resolver(move |_| {
            let _ = hang.send(());
            let _ = released.lock().unwrap().recv();
            Err(pinzero::Error::new(ErrorKind::Io, "no name server"))
        });
        let server = server.probe(|_, _| Ok(true)).gpio(&gpio).open().unwrap();
        server.when_activated(|_| ());
        hangs.recv_timeout(PATIENCE).unwrap();

        let button = Button::builder(2).gpio(&gpio).open().unwrap();
        let (press, pressed) = mpsc::channel();
        button.when_pressed(move |_| press.send(()));
        gpio.line(2).drive(Level::Low);
        pressed.recv_timeout(PATIENCE).unwrap();
        assert!(!server.wait_for_active_timeout(ms(20)).unwrap());
        server.close().unwrap();
        gpio.close().unwrap();
    });
}

#[test]
fn in_real_time_a_thread_reads_while_somebody_listens() -> Result<()> {
    let (gpio, dial) = (mock::builder().realtime().open(), Dial::at(50.0));
    let disk = dial.disk().event_delay(ms(1)).gpio(&gpio).open()?;
    let waiter = thread::spawn({
        let disk = disk.clone();
        move || disk.wait_for_active_timeout(PATIENCE)
    });
    eventually("it is read", || dial.0.1.load(Ordering::Relaxed) > 5);
    dial.set(95.0);
    assert!(waiter.join().unwrap()?);
    assert!(disk.active_time().is_some());
    // The reading that is under way or due finds nobody.
    eventually("readings end", || {
        dial.taken();
        thread::sleep(ms(50));
        dial.taken() == 0
    });
    disk.when_deactivated(|_| ());
    dial.taken();
    eventually("it is read again", || dial.0.1.load(Ordering::Relaxed) > 5);
    Ok(())
}

#[test]
fn in_real_time_a_wait_hears_of_the_first_state() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let server = PingServer::builder("pi").event_delay(secs(3600)).probe(|_, _| Ok(false));
    let server = server.gpio(&gpio).open()?;
    without_hanging(move || server.wait_for_inactive())
}

#[test]
fn in_real_time_no_thread_outlives_a_close() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let (keeper, kept) = mpsc::channel::<()>();
    let keeper = Mutex::new(keeper);
    let server = PingServer::builder("pi").event_delay(secs(3600)).probe(move |_, _| {
        drop(keeper.lock());
        Ok(true)
    });
    let server = server.gpio(&gpio).open()?;
    server.wait_for_active()?;
    server.close()?;
    drop(server);
    all_dropped(&kept);
    Ok(())
}

/// A file for a test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let file = File(std::env::temp_dir().join(format!("pinzero-{name}-{}", std::process::id())));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_cpu_temperature_is_a_file() -> Result<()> {
    let gpio = mock::gpio();
    let file = File::new("cpu", "48312\n");
    let cpu = CpuTemperature::builder().sensor_file(&file.0).min_temp(40.0).max_temp(90.0).gpio(&gpio);
    let cpu = cpu.open()?;
    assert_eq!((cpu.temperature()?, cpu.is_active()?, cpu.event_delay()), (48.312, false, secs(5)));
    assert!((cpu.value()? - 0.16624).abs() < 1e-9);
    for (text, value) in [("39000", 0.0), ("95000", 1.0)] {
        file.write(text);
        assert_eq!(cpu.value()?, value, "a value is from 0 to 1");
    }
    assert_eq!(format!("{cpu:?}"), format!("CpuTemperature({}, 95.0 °C)", file.0.display()));
    assert_eq!(cpu.to_string(), format!("CpuTemperature {}", file.0.display()));

    file.write("80000");
    let later = fs::canonicalize(&file.0).unwrap();
    gpio.after(secs(7), move || drop(fs::write(&later, "80001")))?;
    let mut events = cpu.events();
    assert_eq!(events.next().map(|event| event.kind), Some(EventKind::Deactivated), "at the first reading");
    assert_eq!(events.next().map(|event| event.kind), Some(EventKind::Activated));
    assert_eq!(gpio.elapsed(), secs(10));

    file.write("hot");
    let error = cpu.temperature().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("\"hot\""), "{error}");
    fs::remove_file(&file.0).unwrap();
    assert_eq!(cpu.temperature().unwrap_err().kind(), ErrorKind::Unsupported);
    cpu.close()?;
    assert!(format!("{cpu:?}").ends_with(", closed)"));
    Ok(())
}

#[test]
fn a_load_average_is_one_of_three() -> Result<()> {
    let gpio = mock::gpio();
    let file = File::new("load", "0.25 0.85 3.00 1/189 4234\n");
    for (minutes, load, value, active) in
        [(1, 0.25, 0.25, false), (5, 0.85, 0.85, true), (15, 3.0, 1.0, true)]
    {
        let device = LoadAverage::builder().load_average_file(&file.0).minutes(minutes).gpio(&gpio).open()?;
        assert_eq!((device.load_average()?, device.value()?, device.is_active()?), (load, value, active));
        assert_eq!(device.event_delay(), secs(10));
    }
    let busy = LoadAverage::builder().load_average_file(&file.0).min_load_average(1.0).max_load_average(5.0);
    let busy = busy.threshold(2.5).minutes(15).gpio(&gpio).open()?;
    assert_eq!((busy.value()?, busy.is_active()?), (0.5, true));
    assert_eq!(format!("{busy:?}"), format!("LoadAverage({}, 3.00)", file.0.display()));
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn the_system_tells_its_load_and_its_disks() -> Result<()> {
    let gpio = mock::gpio();
    assert!(LoadAverage::builder().gpio(&gpio).open()?.load_average()? >= 0.0);
    let disk = DiskUsage::builder("/").gpio(&gpio).open()?;
    assert!((0.0..=100.0).contains(&disk.usage()?));
    assert_eq!(disk.event_delay(), secs(30));
    // A file system without blocks is empty.
    assert_eq!(DiskUsage::builder("/proc").gpio(&gpio).open()?.usage()?, 0.0);
    let error = DiskUsage::builder("/no/such/folder").gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert!(error.to_string().starts_with("DiskUsage: there is no /no/such/folder"), "{error}");
    Ok(())
}

/// `df` rounds up to whole percents.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_is_as_full_as_df_says() -> Result<()> {
    let disk = DiskUsage::builder("/").gpio(&mock::gpio()).open()?;
    let output = std::process::Command::new("df").args(["--output=pcent", "/"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let percent: f64 = text.lines().nth(1).unwrap().trim().trim_end_matches('%').parse().unwrap();
    let usage = disk.usage()?;
    // Others write to the disk meanwhile.
    assert!((percent - 1.5..=percent + 0.5).contains(&usage), "{usage} instead of {percent}");
    Ok(())
}

#[test]
fn thresholds_out_of_range_are_refused() {
    let gpio = mock::gpio();
    let file = File::new("refused", "0.5 1 1\n");
    let warm = File::new("warm", "50000");
    let cpu = || CpuTemperature::builder().sensor_file(&warm.0).gpio(&gpio);
    let load = || LoadAverage::builder().load_average_file(&file.0).gpio(&gpio);
    let disk = || Dial::at(5.0).disk().gpio(&gpio);
    for (refused, part) in [
        (cpu().threshold(100.1).open().map(drop), "give 0 to 100"),
        (cpu().threshold(-1.0).open().map(drop), "give 0 to 100"),
        (cpu().min_temp(90.0).open().map(drop), "threshold"),
        (cpu().min_temp(100.0).open().map(drop), "max_temp"),
        (cpu().max_temp(f64::NAN).open().map(drop), "max_temp"),
        (cpu().hysteresis(80.5).open().map(drop), "give 0 to 80"),
        (cpu().hysteresis(-0.5).open().map(drop), "hysteresis"),
        (cpu().event_delay(ms(0)).open().map(drop), "event_delay"),
        (load().threshold(1.5).open().map(drop), "give 0 to 1"),
        (load().max_load_average(0.0).open().map(drop), "max_load_average"),
        (load().min_load_average(-1.0).open().map(drop), "min_load_average"),
        (load().minutes(10).open().map(drop), "give 1, 5 or 15"),
        (disk().threshold(100.0).open().map(drop), "100 %"),
        (disk().threshold(f64::NAN).open().map(drop), "threshold"),
        (PingServer::builder("-f").gpio(&gpio).open().map(drop), "host"),
        (PingServer::builder("pi").timeout(ms(0)).gpio(&gpio).open().map(drop), "timeout"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        assert!(error.to_string().contains(part), "{error}: {part}");
    }
    // At the ends, and with other limits, they are fine.
    drop(cpu().threshold(100.0).open().unwrap());
    drop(cpu().threshold(0.0).open().unwrap());
    drop(load().max_load_average(4.0).threshold(3.5).open().unwrap());
}

#[test]
fn a_sensor_that_does_not_exist_is_told() {
    let error = CpuTemperature::builder().sensor_file("/no/temp").gpio(&mock::gpio()).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().starts_with("CpuTemperature: there is no file /no/temp"), "{error}");
}

#[test]
fn a_server_is_active_while_it_answers() -> Result<()> {
    let gpio = mock::gpio();
    let asked = Log::new();
    let (log, own) = (asked.clone(), gpio.clone());
    let server = PingServer::builder("pi.local").timeout(secs(1)).probe(move |host, timeout| {
        log.push((host.to_owned(), timeout));
        Ok((20..45).contains(&own.elapsed().as_secs()))
    });
    let server = server.gpio(&gpio).open()?;
    assert_eq!((asked.take().len(), server.active_time(), server.inactive_time()), (0, None, None));
    assert_eq!(format!("{server:?}"), "PingServer(pi.local, no reading)");
    assert!(!server.value()? && !server.is_active()?);
    assert_eq!(asked.take(), [("pi.local".to_owned(), secs(1)), ("pi.local".to_owned(), secs(1))]);
    server.wait_for_active()?;
    assert_eq!((gpio.elapsed(), server.host()), (secs(20), "pi.local"));
    assert_eq!(format!("{server:?}"), "PingServer(pi.local, online)");
    server.wait_for_inactive()?;
    assert_eq!(gpio.elapsed(), secs(50));
    Ok(())
}

#[test]
fn a_resolver_finds_the_address() -> Result<()> {
    let gpio = mock::gpio();
    let asked = Log::new();
    let log = asked.clone();
    let server = PingServer::builder("pi.local").probe(move |host, _| {
        log.push(host.to_owned());
        Ok(true)
    });
    let server = server.resolver(|host| match host {
        "pi.local" => Ok("fe80::1".parse().unwrap()),
        _ => panic!("another name"),
    });
    assert!(server.gpio(&gpio).open()?.value()?);
    assert_eq!(asked.take(), ["fe80::1"]);
    Ok(())
}

#[test]
fn values_are_there_by_the_trait() -> Result<()> {
    fn value<V>(device: &impl Value<Value = V>) -> Result<V> {
        device.value()
    }

    let gpio = mock::gpio();
    let disk = Dial::at(25.0).disk().gpio(&gpio).open()?;
    let server = PingServer::builder("pi").probe(|_, _| Ok(true)).gpio(&gpio).open()?;
    assert_eq!((value(&disk)?, value(&server)?), (0.25, true));
    Ok(())
}

/// Notes each value that a source gives, and returns the log with the follower.
fn follow<T: Clone + PartialEq + Send + 'static>(
    gpio: &MockGpio,
    source: Source<T>,
) -> Result<(Log<(u64, T)>, Follower)> {
    let log = Log::new();
    let (entries, own) = (log.clone(), (**gpio).clone());
    let follower = source.for_each(gpio, move |value| {
        entries.push((own.now().as_nanos() / 1_000_000_000, value));
    })?;
    Ok((log, follower))
}

#[test]
fn what_follows_a_reading_is_told_of_each_change_and_asked_for_no_more() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(25.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    dial.set(50.0);
    dial.taken();
    let (log, follower) = follow(&gpio, disk.values())?;
    assert_eq!((log.take(), dial.taken()), (vec![(0, 0.5)], 1), "a new reading at once");
    gpio.advance(secs(25));
    dial.set(75.0);
    gpio.advance(secs(25));
    dial.set(50.0);
    assert_eq!(disk.usage()?, 50.0);
    assert_eq!((log.take(), dial.taken()), (vec![(30, 0.75), (50, 0.5)], 6));
    follower.stop();
    gpio.advance(secs(60));
    assert_eq!(dial.taken(), 0, "nobody follows");
    Ok(())
}

/// The last reading may be of long ago.
#[test]
fn in_real_time_what_follows_waits_for_a_new_reading() -> Result<()> {
    let (gpio, dial) = (mock::builder().realtime().open(), Dial::at(25.0));
    let disk = dial.disk().event_delay(secs(3600)).gpio(&gpio).open()?;
    dial.set(50.0);
    let (value, values) = mpsc::channel();
    disk.values().for_each(&gpio, move |percent| value.send(percent))?;
    assert_eq!(receive(&values), 0.5);
    Ok(())
}

#[test]
fn a_led_follows_a_server_until_the_device_is_closed() -> Result<()> {
    let gpio = mock::gpio();
    let own = (*gpio).clone();
    let is_up = move || (20..45).contains(&(own.now().as_nanos() / 1_000_000_000));
    let server = PingServer::builder("pi").probe(move |_, _| Ok(is_up())).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let follower = led.follow(server.values())?;
    gpio.advance(secs(60));
    let changes = gpio.line(17).history();
    assert_eq!(changes, [(secs(20), Level::High), (secs(50), Level::Low)]);
    server.close()?;
    assert_eq!(follower.wait()?, AnimationEnd::Finished);
    Ok(())
}

#[test]
fn a_source_on_a_beat_looks_at_the_last_reading() -> Result<()> {
    let (gpio, dial) = (mock::gpio(), Dial::at(25.0));
    let disk = dial.disk().gpio(&gpio).open()?;
    dial.taken();
    let (log, follower) = follow(&gpio, disk.values().every(secs(3)))?;
    gpio.advance(secs(5));
    dial.set(50.0);
    gpio.advance(secs(55));
    assert_eq!(dial.taken(), 7, "one at once and one every 10 s");
    assert_eq!(log.take(), [(0, 0.25), (12, 0.5)], "the reading at 10 s, at the next beat");
    assert!(follower.is_running());
    gpio.close()?;
    assert_eq!(follower.wait()?, AnimationEnd::Closed);
    Ok(())
}
