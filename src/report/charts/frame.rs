//! What all charts share: the white card, title, legend, axes and colours.

use std::io;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::series::Segments;
use crate::role::Role;

const WIDTH: u32 = 1000;
const TITLE_HEIGHT: u32 = 44;
const MIDDLE: i32 = TITLE_HEIGHT.cast_signed() / 2;
/// The SVG backend writes a font's size divided by this.
const FONT_FACTOR: f64 = 1.24;
/// Mean width of a character in the legend.
const CHARACTER: f64 = 7.4;
const MARK: i32 = 22;

pub(super) const INK: RGBColor = RGBColor(0x22, 0x26, 0x2b);
pub(super) const ERRORS: RGBColor = RGBColor(0xb0, 0x00, 0x20);
pub(super) const WAITING: RGBColor = RGBColor(0x7b, 0x2d, 0x8e);
const GRID: RGBColor = RGBColor(0xe3, 0xe6, 0xea);
const QUIET: RGBColor = RGBColor(0x5a, 0x62, 0x6c);

pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Result = std::result::Result<(), DrawingAreaErrorKind<io::Error>>;
pub(super) type Plot<'c, 'a> = ChartContext<'c, SVGBackend<'a>, Cartesian2d<Scale, Scale>>;

/// An axis as the plotting library wants it.
pub(super) struct Scale {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (f64::from(limit.1 - limit.0) * share.clamp(0.0, 1.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// Colours that people who confuse red and green tell apart; the same in every chart and table.
pub(super) const fn colour(role: Role) -> RGBColor {
    match role {
        Role::Baseline => RGBColor(0xd5, 0x5e, 0x00),
        Role::Candidate => RGBColor(0x00, 0x72, 0xb2),
    }
}

/// One entry of the legend.
pub(super) enum Key {
    /// A line.
    Line(String, RGBAColor, u32),
    /// A filled area.
    Area(String, RGBAColor),
}

/// Draws a whole chart: the card with its title and legend, and below it what `draw` draws.
pub(super) fn card(
    title: &str,
    height: u32,
    legend: &[Key],
    draw: impl FnOnce(&Canvas) -> Result,
) -> std::result::Result<String, String> {
    let mut svg = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        on_card(&root, title, legend, draw)
    };
    drawn.map_err(|error| format!("it could not be drawn: {error}"))?;
    Ok(svg)
}

fn on_card(root: &Canvas, title: &str, legend: &[Key], draw: impl FnOnce(&Canvas) -> Result) -> Result {
    root.fill(&WHITE)?;
    let (head, body) = root.split_vertically(TITLE_HEIGHT);
    let style = TextStyle::from(("sans-serif", 16.0 * FONT_FACTOR).into_font().style(FontStyle::Bold)).color(&INK);
    head.draw_text(title, &style.pos(Pos::new(HPos::Left, VPos::Center)), (16, MIDDLE))?;
    draw_legend(&head, legend)?;
    draw(&body)?;
    root.present()
}

fn draw_legend(head: &Canvas, legend: &[Key]) -> Result {
    let style = text(13.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
    let middle = MIDDLE;
    let mut right = WIDTH.cast_signed() - 20;
    for key in legend.iter().rev() {
        let (Key::Line(label, ..) | Key::Area(label, ..)) = key;
        right -= (label.chars().count() as f64 * CHARACTER) as i32;
        head.draw_text(label, &style, (right, middle))?;
        let (from, to) = (right - MARK - 6, right - 6);
        match key {
            Key::Line(_, colour, width) => {
                head.draw(&PathElement::new([(from, middle), (to, middle)], colour.stroke_width(*width)))?;
            }
            Key::Area(_, colour) => {
                head.draw(&Rectangle::new([(from, middle - 7), (to, middle + 7)], colour.filled()))?;
            }
        }
        right = from - 16;
    }
    Ok(())
}

/// Axes with their grid on an area, ready for series.
pub(super) fn plot<'c, 'a>(
    area: &'c Canvas<'a>,
    x: &Axis,
    y: &Axis,
    heading_height: u32,
) -> std::result::Result<Plot<'c, 'a>, DrawingAreaErrorKind<io::Error>> {
    let mut plot = ChartBuilder::on(area)
        .margin_left(12)
        .margin_right(24)
        .margin_top(6 + heading_height)
        .margin_bottom(8)
        .x_label_area_size(48)
        .y_label_area_size(80)
        .build_cartesian_2d(scale(x), scale(y))?;
    plot.configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(QUIET)
        .label_style(text(12.0, QUIET))
        .axis_desc_style(text(13.0, INK))
        .x_label_formatter(&|value| (x.label)(*value))
        .y_label_formatter(&|value| (y.label)(*value))
        .x_desc(x.title)
        .y_desc(y.title)
        .draw()?;
    Ok(plot)
}

fn scale(axis: &Axis) -> Scale {
    Scale { range: axis.range.clone(), ticks: axis.ticks.clone() }
}

/// Text of a size in pixels.
pub(super) fn text(size: f64, colour: RGBColor) -> TextStyle<'static> {
    TextStyle { color: colour.to_backend_color(), ..TextStyle::from(("sans-serif", size * FONT_FACTOR).into_font()) }
}

/// Shades spans of the x axis over the whole height.
pub(super) fn shade(plot: &mut Plot, y: &Axis, spans: &[(f64, f64)], colour: RGBAColor) -> Result {
    let rectangle =
        |(from, to): &(f64, f64)| Rectangle::new([(*from, y.range.start), (*to, y.range.end)], colour.filled());
    plot.draw_series(spans.iter().map(rectangle))?;
    Ok(())
}

/// Draws lines; a point without neighbours becomes a dot, so that it is seen.
pub(super) fn lines(plot: &mut Plot, segments: &Segments, colour: RGBAColor, width: u32) -> Result {
    for segment in &segments.0 {
        if let [point] = segment[..] {
            plot.draw_series([Circle::new(point, width + 1, colour.filled())])?;
        } else {
            plot.draw_series([PathElement::new(segment.clone(), colour.stroke_width(width))])?;
        }
    }
    Ok(())
}
