//! The page and a chart in a real browser. Skipped, with a message, where there is no Chromium.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod example;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use ulmfit_report::charts::{Axis, Line, LineChart, Look};
use ulmfit_report::page;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// A browser that runs, if there is one.
fn browser() -> Option<&'static str> {
    let runs = |name: &&str| {
        let mut command = Command::new(name);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = BROWSERS.into_iter().find(runs);
    if found.is_none() {
        eprintln!("skipped: none of {} is installed", BROWSERS.join(", "));
    }
    found
}

/// The pixels of a page, row by row.
fn screenshot(browser: &str, page: &Path, width: u32, height: u32) -> Vec<[u8; 3]> {
    let folder = tempfile::tempdir().unwrap();
    let png = folder.path().join("page.png");
    let status = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("user").display()
        ))
        .arg(format!("--screenshot={}", png.display()))
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("file://{}", page.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{browser} failed");
    let pixels = pixels(&fs::read(png).unwrap());
    assert_eq!(pixels.len() % width as usize, 0);
    pixels
}

/// The pixels of a PNG file with 8 bits for each of three or four channels, without interlacing, as Chromium writes it.
fn pixels(png: &[u8]) -> Vec<[u8; 3]> {
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
    let (width, channels) = (number(16), if png[25] == 6 { 4 } else { 3 });
    assert!(
        png[24] == 8 && matches!(png[25], 2 | 6) && png[28] == 0,
        "another kind of picture"
    );
    let (mut packed, mut at) = (Vec::new(), 8);
    while &png[at + 4..at + 8] != b"IEND" {
        if &png[at + 4..at + 8] == b"IDAT" {
            packed.extend_from_slice(&png[at + 8..at + 8 + number(at)]);
        }
        at += 12 + number(at);
    }
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[..])
        .read_to_end(&mut rows)
        .unwrap();
    let mut above = vec![0; width * channels];
    let mut pixels = Vec::new();
    for row in rows.chunks_exact(1 + width * channels) {
        let mut own = row[1..].to_vec();
        for i in 0..own.len() {
            let left = if i < channels { 0 } else { own[i - channels] };
            let corner = if i < channels { 0 } else { above[i - channels] };
            let guess = match row[0] {
                0 => 0,
                1 => left,
                2 => above[i],
                3 => ((u16::from(left) + u16::from(above[i])) / 2) as u8,
                _ => nearest(left, above[i], corner),
            };
            own[i] = own[i].wrapping_add(guess);
        }
        pixels.extend(own.chunks_exact(channels).map(|p| [p[0], p[1], p[2]]));
        above = own;
    }
    pixels
}

/// Paeth's predictor: of the three neighbors the one that is nearest to left + above - corner.
fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let target = i16::from(left) + i16::from(above) - i16::from(corner);
    let mut best = left;
    for other in [above, corner] {
        let distance = |value: u8| (target - i16::from(value)).abs();
        if distance(other) < distance(best) {
            best = other;
        }
    }
    best
}

fn there(pixels: &[[u8; 3]], color: [u8; 3]) -> usize {
    pixels.iter().filter(|pixel| **pixel == color).count()
}

#[test]
fn the_page_is_drawn_on_a_desk_and_on_a_phone() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, page::html(&example::report())).unwrap();
    // Chromium has no window narrower than 500.
    for (width, height) in [(1200, 4200), (500, 6000)] {
        let (pixels, row) = (screenshot(browser, &path, width, height), width as usize);
        // Lines of the charts, figures, hits of the matrix, the word that decided.
        for color in [
            [0x00, 0x63, 0xa0],
            [0xee, 0xf4, 0xf9],
            [0x6c, 0xbc, 0xa2],
            [0xea, 0x94, 0x50],
        ] {
            assert!(there(&pixels, color) > 50, "{color:?} at {width}");
        }
        // Nothing reaches into the right margin: the page is not wider than the window.
        let margin = pixels
            .chunks_exact(row)
            .filter(|line| line[row - 6..].iter().any(|p| *p != [255; 3]));
        assert_eq!(margin.count(), 0, "rows in the margin at {width}");
    }
}

#[test]
fn a_chart_is_a_file_of_its_own() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chart.svg");
    let mut chart = LineChart::new("Rates", Axis::new("rate").log(), Axis::new("loss"));
    let points = (1..100).map(|n| (1e-7 * 1.2_f64.powi(n), 5.0 - f64::from(n) / 40.0));
    chart.lines = vec![Line::new("loss", points.collect(), Look::Line)];
    chart.marks = vec![(1e-4, "valley 1e-4".to_owned())];
    fs::write(&path, chart.file()).unwrap();
    let pixels = screenshot(browser, &path, 1000, 700);
    assert!(there(&pixels, [0x00, 0x63, 0xa0]) > 200);
}
