//! Durations, shares, rates and sizes: how they are written in plans and shown to people.

use std::time::Duration;

/// Reads `500us`, `3ms`, `1.5s`, `2m`, `1h`.
///
/// # Errors
/// A sentence that says what is wrong, for the end of an error message.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 6] = [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = unit.trim();
    let number: f64 =
        number.parse().map_err(|_| format!("`{text}` is not a duration, write it like `5s` or `300ms`"))?;
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit, write `{text}s` or `{text}ms`"));
    }
    let factor = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor)
        .ok_or_else(|| format!("unit `{unit}` is not known, use us, ms, s, m or h"))?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| format!("`{text}` is too long"))
}

/// The shortest of the spellings that [`parse_duration`] reads.
pub fn format_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros == 0 {
        "0s".to_owned()
    } else if micros.is_multiple_of(1_000_000) {
        format!("{}s", micros / 1_000_000)
    } else if micros >= 1_000_000 {
        format!("{}s", micros as f64 / 1e6)
    } else if micros.is_multiple_of(1_000) {
        format!("{}ms", micros / 1_000)
    } else if micros >= 1_000 {
        format!("{}ms", micros as f64 / 1e3)
    } else {
        format!("{micros}us")
    }
}

/// A time in µs with three significant digits and its unit: `831 µs`, `12.4 ms`, `1.20 s`.
pub fn format_us(micros: f64) -> String {
    if micros >= 1e6 {
        format!("{} s", three_digits(micros / 1e6))
    } else if micros >= 1e3 {
        format!("{} ms", three_digits(micros / 1e3))
    } else {
        format!("{micros:.0} µs")
    }
}

/// A share as a percentage: `0.35 %`, `12.4 %`.
pub fn format_share(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 { "0 %".to_owned() } else { format!("{} %", three_digits(percent)) }
}

/// A size in bytes with a binary unit: `18.2 MiB`.
pub fn format_bytes(bytes: f64) -> String {
    if bytes < 0.0 {
        return format!("-{}", format_bytes(-bytes));
    }
    let mut value = bytes;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{value:.0} B") } else { format!("{} {unit}", three_digits(value)) };
        }
        value /= 1024.0;
    }
    format!("{} TiB", three_digits(value))
}

/// A whole number with a thin space between groups of three: `12 480`.
pub fn format_count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// Three significant digits, never in exponents.
pub fn three_digits(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 100.0 || magnitude == 0.0 {
        format!("{value:.0}")
    } else if magnitude >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, micros) in
            [("500us", 500), ("3ms", 3_000), ("1.5s", 1_500_000), ("2m", 120_000_000), ("1h", 3_600_000_000)]
        {
            assert_eq!(parse_duration(text).map(|d| d.as_micros()), Ok(micros), "{text}");
        }
    }

    #[test]
    fn durations_without_sense_are_refused_with_a_reason() {
        for text in ["", "5", "s", "5 parsecs", "-1s", "1..2s", "99999999999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_formatted_duration_is_read_back() {
        for micros in [0, 1, 999, 1_000, 1_500, 999_999, 1_000_000, 1_500_000, 90_000_000] {
            let duration = Duration::from_micros(micros);
            assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(format_us(831.4), "831 µs");
        assert_eq!(format_us(12_432.0), "12.4 ms");
        assert_eq!(format_us(1_200_000.0), "1.20 s");
        assert_eq!(format_share(0.0035), "0.35 %");
        assert_eq!(format_bytes(19_100_000.0), "18.2 MiB");
        assert_eq!(format_count(1_234_567), "1\u{2009}234\u{2009}567");
    }
}
