//! The charts with a sentence each on how to read them.

use maud::{Markup, PreEscaped, html};

use crate::report::View;
use crate::report::charts::Drawn;

pub(super) fn all(view: &View) -> Markup {
    let left_out: Vec<&Drawn> = view.charts.iter().filter(|drawn| drawn.outcome.is_err()).collect();
    html! {
        @for drawn in &view.charts {
            @if let Ok(svg) = &drawn.outcome { (figure(drawn, svg)) }
        }
        @if !left_out.is_empty() {
            p.nothing { "Left out: " (left_out_in_words(&left_out)) "." }
        }
    }
}

fn figure(drawn: &Drawn, svg: &str) -> Markup {
    html! {
        figure {
            div.chart role="img" aria-label=(drawn.chart.title) { (PreEscaped(svg)) }
            figcaption { (drawn.chart.reading) }
        }
    }
}

fn left_out_in_words(charts: &[&Drawn]) -> String {
    let words = |drawn: &&Drawn| {
        let reason = drawn.outcome.as_ref().err().map_or("", String::as_str);
        format!("{} ({reason})", drawn.chart.title.to_lowercase().replace("cpu", "CPU"))
    };
    charts.iter().map(words).collect::<Vec<_>>().join(", ")
}
