//! What the tools cost as sizes and numbers grow, and how fast they let go.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::bench::{Arena, Host, PLAIN, Server, Side};
use crate::contests::{MIB, document};
use crate::table::Figures;

/// Looks that the schedule has at a response which takes three seconds: at once, then after 0.5, 0.75, 1.125
/// and 1.69 s, each wait shortened by up to a fifth.
const LOOKS: u64 = 5;

/// A thousand responses and one who waits for them.
pub(crate) fn poll(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("poll") {
        return Ok(());
    }
    let ids: Vec<String> = (0..1000)
        .map(|number| format!("\"resp_p{number}\""))
        .collect();
    fs::write(arena.folder.join("ids"), ids.join("\n"))?;
    let server = Server {
        runs_ms: 3000,
        ..PLAIN
    };
    let host = arena.host(server)?;
    let ours = Side::new("one oa-poll", &["oa-poll"]).reads("ids".as_ref());
    let peak = arena.peak(&ours, &host)?;
    let stats = host.sink.stats()?;
    let host = arena.host(server)?;
    let threads = threads(arena, &ours, &host)?;
    let host = arena.host(server)?;
    let each = Side::line("each", "tr -d '\"' <ids | xargs -P1000 -n1 oa-poll");
    let one = arena.peak(&each, &host)?;
    let host = arena.host(server)?;
    let time = arena.time(&each, &host)?;
    arena.note(format!(
        "1,000 background jobs that take 3 s, one oa-poll: peak {} MB, {threads} threads, {} connections, {} looks (the schedule has {}). One process each: {one} KiB for every one of 1,000, {time:.1} s in all.",
        (peak + 512) / 1024, stats["connections"], stats["looks"], LOOKS * 1000,
    ));
    Ok(())
}

/// Threads of a command in the middle of its work.
fn threads(arena: &Arena, side: &Side, host: &Host) -> anyhow::Result<String> {
    let mut child = arena.command(side, &host.url)?.spawn()?;
    sleep(Duration::from_secs(1));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    child.wait()?;
    let count = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"));
    Ok(count.unwrap_or("?").trim().to_owned())
}

/// Cost against size, against jobs, against `-j`.
pub(crate) fn growth(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("growth") {
        return Ok(());
    }
    let host = arena.host(PLAIN)?;
    let mut note = "Growth: one upload of".to_owned();
    for size in [1, 8, 64, 512] {
        document(arena, "grown.pdf", size * MIB)?;
        let side = Side::new("oa-upload", &["oa-upload", "grown.pdf"]);
        let time = best(arena, &side, &host)?;
        let peak = arena.peak(&side, &host)?;
        write!(note, " {size} MiB {:.1} ms, {peak} KiB;", time * 1e3)?;
    }
    arena.note(note);
    fs::remove_file(arena.folder.join("grown.pdf"))?;
    document(arena, "small.pdf", 1000)?;
    let mut note = "Growth: the whole chain (-j 4) over".to_owned();
    for jobs in [1, 10, 100, 1000, 10_000] {
        fs::write(
            arena.folder.join("jobs"),
            "{\"paths\":\"small.pdf\"}\n".repeat(jobs),
        )?;
        let side = Side::line(
            "chain",
            "oa-upload -j 4 <jobs | oa-respond -j 4 -b -p 'Why?' | oa-poll | oa-delete",
        );
        let time = best(arena, &side, &host)?;
        let peak = arena.peak(&side, &host)?;
        write!(
            note,
            " {jobs} jobs {:.0} ms, largest process {peak} KiB;",
            time * 1e3
        )?;
    }
    arena.note(note);
    Ok(())
}

fn best(arena: &Arena, side: &Side, host: &Host) -> anyhow::Result<f64> {
    let first = arena.time(side, host)?;
    let rounds = if first > 2.0 { 0 } else { 3 };
    let times: Result<Vec<f64>, _> = (0..rounds).map(|_| arena.time(side, host)).collect();
    Ok(times?.into_iter().fold(first, f64::min))
}

/// From Ctrl-C to the end of the last process: records written, clean-up done.
pub(crate) fn interrupt(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("interrupt") {
        return Ok(());
    }
    let running = Server {
        runs_ms: 600_000,
        ..PLAIN
    };
    let silent = Server {
        latency_ms: 600_000,
        ..PLAIN
    };
    document(arena, "part.pdf", 64 * MIB)?;
    for number in 0..200 {
        let link = arena.folder.join(format!("part-{number}.pdf"));
        fs::hard_link(arena.folder.join("part.pdf"), link)?;
    }
    let cases = [
        (
            "polling (response cancelled, three files deleted)",
            running,
            "oa-upload a.pdf b.pdf c.pdf | oa-respond -b -p 'Why?' | oa-poll --interval 50ms | oa-delete",
        ),
        (
            "waiting for an answer (record written)",
            silent,
            "oa-respond -n -p 'Why?'",
        ),
        (
            "sending 64 MiB (all files deleted)",
            PLAIN,
            "oa-upload -j 1 part-*.pdf | oa-delete -j 16",
        ),
    ];
    for (what, server, line) in cases {
        let host = arena.host(server)?;
        let times: anyhow::Result<Vec<f64>> = (0..5).map(|_| let_go(arena, &host, line)).collect();
        let figures = Figures::of(what, &times?, None);
        arena.note(format!(
            "Ctrl-C while {what}, to the end of the last process: median {:.1} ms of 5, worst {:.1} ms.",
            figures.median * 1e3,
            figures.most * 1e3
        ));
    }
    Ok(())
}

/// Seconds from a Ctrl-C in the middle of the work to its end.
fn let_go(arena: &Arena, host: &Host, line: &str) -> anyhow::Result<f64> {
    let side = Side::new(
        "line",
        &["setsid", "bash", "-c", &format!("echo $$ >group; {line}")],
    );
    let mut command: Command = arena.command(&side, &host.url)?;
    let trouble = File::create(arena.folder.join("trouble"))?;
    let mut child = command.stderr(Stdio::from(trouble)).spawn()?;
    sleep(Duration::from_millis(500));
    let group = fs::read_to_string(arena.folder.join("group"))?;
    let group = format!("-{}", group.trim());
    let begun = std::time::Instant::now();
    Command::new("kill").args(["-INT", "--", &group]).status()?;
    let end = child.wait()?;
    let time = begun.elapsed().as_secs_f64();
    let trouble = fs::read_to_string(arena.folder.join("trouble"))?;
    // What was not cleaned up makes the time worthless.
    anyhow::ensure!(
        !end.success() && !trouble.contains("not "),
        "{line}: {end}\n{trouble}"
    );
    Ok(time)
}
