//! The contests: what is done, against whom, and what is wanted.

use std::fmt::Write as _;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Arena, PLAIN, Server, Side};
use crate::table::{Figures, Row};

const SECURE: Server = Server {
    secure: true,
    ..PLAIN
};
/// Every answer takes that long, as on a real line.
const FAR: Server = Server {
    latency_ms: 20,
    ..PLAIN
};
const MIB: usize = 1 << 20;
const AUTH: &str = "Authorization: Bearer sk-bench-0123456789";
const BODY: &str = r#"{"model":"gpt-5.2","input":[{"role":"user","content":[{"type":"input_text","text":"Why?"}]}]}"#;

/// All of them, in the order of the table.
pub(crate) fn all(arena: &mut Arena) -> anyhow::Result<()> {
    start(arena)?;
    request(arena)?;
    chain(arena)?;
    upload(arena)?;
    inline(arena)?;
    many(arena)?;
    poll(arena)?;
    records(arena)?;
    delete(arena)?;
    stream(arena)?;
    growth(arena)?;
    interrupt(arena)
}

fn python(arena: &Arena, script: &str, arguments: &str) -> Option<Side> {
    let python = arena.python.as_ref()?;
    let script = arena.rivals.join(script);
    let line = format!("{python} {} {arguments}", script.display());
    Some(Side::line("Python SDK", &line))
}

/// A document of so many bytes.
fn document(arena: &Arena, name: &str, bytes: usize) -> anyhow::Result<()> {
    let mut file = std::fs::File::create(arena.folder.join(name))?;
    file.write_all(b"%PDF-1.7\n")?;
    let block: Vec<u8> = (0_u8..251).cycle().take(MIB).collect();
    let mut left = bytes - 9;
    while left > 0 {
        let part = left.min(MIB);
        file.write_all(&block[..part])?;
        left -= part;
    }
    Ok(())
}

fn start(arena: &mut Arena) -> anyhow::Result<()> {
    let tools = [
        "oa-upload",
        "oa-respond",
        "oa-poll",
        "oa-delete",
        "oa-list",
        "oa-index",
        "oa-search",
    ];
    for tool in tools {
        let sides = [
            Side::new(tool, &[tool, "--version"]),
            Side::new("curl", &["curl", "--version"]),
        ];
        arena.contest(&format!("start {tool}"), 1.0, PLAIN, &sides)?;
    }
    let sides = [
        Side::new("oa-respond", &["oa-respond", "--version"]),
        Side::new("jq", &["jq", "--version"]),
    ];
    arena.contest("start jq", f64::INFINITY, PLAIN, &sides)?;
    if let Some(python) = arena.python.clone() {
        let sides = [
            Side::new("oa-respond", &["oa-respond", "--version"]),
            Side::new("import openai", &[&python, "-c", "import openai"]),
        ];
        arena.contest("start python", 0.01, PLAIN, &sides)?;
    }
    Ok(())
}

fn request(arena: &mut Arena) -> anyhow::Result<()> {
    std::fs::write(arena.folder.join("body.json"), BODY)?;
    for (name, server) in [("request http", PLAIN), ("request https", SECURE)] {
        let curl = format!(
            "exec curl -sS -H '{AUTH}' -H 'Content-Type: application/json' -d @body.json $OPENAI_BASE_URL/responses"
        );
        let sides = [
            Side::line("oa-respond", "exec oa-respond -n -p 'Why?'"),
            Side::line("curl", &curl),
        ];
        arena.contest(name, 1.0, server, &sides)?;
    }
    Ok(())
}

fn chain(arena: &mut Arena) -> anyhow::Result<()> {
    for name in ["a.pdf", "b.pdf", "c.pdf"] {
        document(arena, name, 100_000)?;
    }
    let ours = Side::line(
        "the pipe",
        "oa-upload a.pdf b.pdf c.pdf | oa-respond -b -p 'Check all answers and list corrections.' | oa-poll | oa-delete -t",
    );
    let script = arena.rivals.join("chain.sh");
    let bash = Side::line(
        "curl + jq",
        &format!("{} a.pdf b.pdf c.pdf", script.display()),
    );
    arena.contest("chain", 1.0 / 1.5, PLAIN, &[ours.clone(), bash])?;
    if let Some(python) = python(arena, "chain.py", "a.pdf b.pdf c.pdf") {
        arena.contest("chain", 0.1, PLAIN, &[ours, python])?;
    }
    Ok(())
}

fn upload(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("upload") {
        return Ok(());
    }
    document(arena, "large.pdf", 512 * MIB)?;
    for (name, server) in [
        ("upload 512 MiB http", PLAIN),
        ("upload 512 MiB https", SECURE),
    ] {
        let curl = format!(
            "exec curl -sS -H '{AUTH}' -F purpose=user_data -F file=@large.pdf $OPENAI_BASE_URL/files"
        );
        let ours = Side::line("oa-upload", "exec oa-upload large.pdf");
        arena.contest(
            name,
            1.0,
            server,
            &[ours.clone(), Side::line("curl -F", &curl)],
        )?;
        if let Some(python) = python(arena, "upload.py", "large.pdf") {
            arena.contest(name, 1.0, server, &[ours, python])?;
        }
    }
    Ok(())
}

fn inline(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("inline") {
        return Ok(());
    }
    document(arena, "document.pdf", 45 * MIB)?;
    let ours = Side::line(
        "oa-respond -a",
        "exec oa-respond -n -p 'What is it?' -a document.pdf",
    );
    let bash = format!(
        "base64 -w0 document.pdf | jq -Rs '{{model:\"gpt-5.2\",input:[{{role:\"user\",content:[{{type:\"input_text\",text:\"What is it?\"}},{{type:\"input_file\",filename:\"document.pdf\",file_data:(\"data:application/pdf;base64,\"+.)}}]}}]}}' | curl -sS -H '{AUTH}' -H 'Content-Type: application/json' -d @- $OPENAI_BASE_URL/responses"
    );
    arena.contest(
        "inline 45 MiB",
        0.2,
        PLAIN,
        &[ours.clone(), Side::line("base64 | jq | curl", &bash)],
    )?;
    if let Some(python) = python(arena, "inline.py", "document.pdf") {
        arena.contest("inline 45 MiB", 0.2, PLAIN, &[ours, python])?;
    }
    Ok(())
}

fn many(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("200 uploads") {
        return Ok(());
    }
    let mut config = String::new();
    for number in 0..200 {
        document(arena, &format!("many-{number:03}.pdf"), 1_000_000)?;
        write!(
            config,
            "{}url = \"URL/files\"\nheader = \"{AUTH}\"\nform = \"purpose=user_data\"\nform = \"file=@many-{number:03}.pdf\"\n",
            if number == 0 { "" } else { "next\n" }
        )?;
    }
    std::fs::write(arena.folder.join("many.curl"), config)?;
    let xargs = format!(
        "ls many-*.pdf | xargs -P16 -I@ curl -sS -H '{AUTH}' -F purpose=user_data -F file=@@ $OPENAI_BASE_URL/files"
    );
    let parallel =
        "sed \"s|URL|$OPENAI_BASE_URL|\" many.curl | curl -sS --parallel --parallel-max 16 -K -";
    let rivals = [
        Side::line("xargs -P16 curl", &xargs),
        Side::line("curl --parallel", parallel),
    ];
    for jobs in [16, 4, 1] {
        let ours = Side::line("oa-upload", &format!("exec oa-upload -j {jobs} many-*.pdf"));
        let mut sides = vec![ours];
        if jobs == 16 {
            sides.extend(rivals.clone());
        } else {
            sides.push(Side::line(
                "oa-upload -j 16",
                "exec oa-upload -j 16 many-*.pdf",
            ));
        }
        // Fewer at a time take longer by as much: this row shows that, it has no goal.
        let goal = if jobs == 16 { 1.0 } else { f64::INFINITY };
        arena.contest(&format!("200 uploads -j {jobs}"), goal, FAR, &sides)?;
    }
    Ok(())
}

fn poll(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("poll") {
        return Ok(());
    }
    let ids: Vec<String> = (0..1000)
        .map(|number| format!("\"resp_p{number}\""))
        .collect();
    std::fs::write(arena.folder.join("ids"), ids.join("\n"))?;
    let host = arena.host(Server {
        runs_ms: 3000,
        ..PLAIN
    })?;
    let ours = Side::new("one oa-poll", &["oa-poll"]).reads("ids".as_ref());
    let peak = arena.peak(&ours, &host)?;
    let stats = host.sink.stats()?;
    let host = arena.host(Server {
        runs_ms: 3000,
        ..PLAIN
    })?;
    let each = Side::line(
        "one process each",
        "tr -d '\"' <ids | xargs -P1000 -n1 oa-poll",
    );
    let begun = Instant::now();
    let one = arena.peak(&each, &host)?;
    let time = begun.elapsed().as_secs_f64();
    arena.note(format!(
        "1,000 background jobs that take 3 s, one oa-poll: peak {} MB, {} looks over {} connections; one process each: {one} KiB for every one of 1,000, {time:.1} s in all.",
        (peak + 512) / 1024, stats["looks"], stats["connections"],
    ));
    Ok(())
}

fn records(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("records") {
        return Ok(());
    }
    let mut lines = String::new();
    for number in 0..100_000 {
        writeln!(
            lines,
            r#"{{"paths":["report-{number}.pdf"],"prompt":"Check answer {number} and list corrections.","files":[{{"id":"file-{number}","object":"file","bytes":120000,"created_at":1,"filename":"report-{number}.pdf","purpose":"user_data","path":"report-{number}.pdf"}}]}}"#
        )?;
    }
    std::fs::write(arena.folder.join("lines"), lines)?;
    let jq = Side::new("jq -c .", &["jq", "-c", "."]).reads("lines".as_ref());
    for (name, words) in [
        ("records oa-respond", vec!["oa-respond", "--dry-run"]),
        ("records oa-delete", vec!["oa-delete", "--dry-run"]),
    ] {
        let ours = Side::new(&words.join(" "), &words).reads("lines".as_ref());
        arena.contest(name, 1.0, PLAIN, &[ours, jq.clone()])?;
    }
    Ok(())
}

fn delete(arena: &mut Arena) -> anyhow::Result<()> {
    let ids: Vec<String> = (0..1000).map(|number| format!("file-{number}")).collect();
    std::fs::write(arena.folder.join("files"), ids.join("\n"))?;
    let curl =
        format!("xargs -P16 -I@ curl -sS -X DELETE -H '{AUTH}' $OPENAI_BASE_URL/files/@ <files");
    let sides = [
        Side::line("oa-delete -j 16", "xargs oa-delete -j 16 <files"),
        Side::line("xargs -P16 curl", &curl),
    ];
    arena.contest("delete 1,000 files", 1.0, FAR, &sides)
}

fn stream(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("stream") {
        return Ok(());
    }
    let host = arena.host(PLAIN)?;
    let body = BODY.replacen('{', "{\"stream\":true,", 1);
    let curl = format!(
        "exec curl -sSN -H '{AUTH}' -H 'Content-Type: application/json' -d '{body}' $OPENAI_BASE_URL/responses"
    );
    let ours = Side::line(
        "oa-respond --stream -t",
        "exec oa-respond -n -p 'Why?' --stream -t",
    );
    let curl = Side::line("curl -N", &curl);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..if arena.quick { 2 } else { 6 } {
        a.extend(arena.lags(&ours, &host)?);
        b.extend(arena.lags(&curl, &host)?);
    }
    let seconds = |lags: &[f64]| lags.iter().map(|lag| lag / 1e3).collect::<Vec<f64>>();
    arena.row(Row {
        contest: "stream, write to write".to_owned(),
        ours: Figures::of(&ours.name, &seconds(&a), None),
        rival: Figures::of(&curl.name, &seconds(&b), None),
        goal: 1.0,
    });
    Ok(())
}

/// Cost against size, against jobs, against `-j`.
fn growth(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("growth") {
        return Ok(());
    }
    let host = arena.host(PLAIN)?;
    let mut note = "Growth: one upload of".to_owned();
    for size in [1, 8, 64, 512] {
        document(arena, "grown.pdf", size * MIB)?;
        let side = Side::line("oa-upload", "exec oa-upload grown.pdf");
        let time = best(arena, &side, &host)?;
        let peak = arena.peak(&side, &host)?;
        write!(note, " {size} MiB {:.1} ms, {peak} KiB;", time * 1e3)?;
    }
    arena.note(note);
    std::fs::remove_file(arena.folder.join("grown.pdf"))?;
    document(arena, "small.pdf", 1000)?;
    let mut note = "Growth: the whole chain (-j 4) over".to_owned();
    for jobs in [1, 10, 100, 1000, 10_000] {
        std::fs::write(
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

fn best(arena: &Arena, side: &Side, host: &crate::bench::Host) -> anyhow::Result<f64> {
    let first = arena.time(side, host)?;
    let rounds = if first > 2.0 { 0 } else { 3 };
    let times: Result<Vec<f64>, _> = (0..rounds).map(|_| arena.time(side, host)).collect();
    Ok(times?.into_iter().fold(first, f64::min))
}

/// From Ctrl-C to the end of the last process: records written, clean-up done.
fn interrupt(arena: &mut Arena) -> anyhow::Result<()> {
    if !arena.wants("interrupt") {
        return Ok(());
    }
    let host = arena.host(Server {
        runs_ms: 600_000,
        ..PLAIN
    })?;
    let line = "oa-upload a.pdf b.pdf c.pdf | oa-respond -b -p 'Why?' | oa-poll --interval 50ms | oa-delete";
    let mut times = Vec::new();
    for _ in 0..5 {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = Command::new("setsid")
            .args(["bash", "-c", &format!("echo $$ >group; {line}")])
            .current_dir(&arena.folder)
            .env("PATH", format!("{}:{path}", arena.programs.display()))
            .env("OPENAI_BASE_URL", &host.url)
            .env("OPENAI_API_KEY", "sk-bench-0123456789")
            .env("OA_QUIET", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        std::thread::sleep(Duration::from_millis(400));
        let group = std::fs::read_to_string(arena.folder.join("group"))?;
        let begun = Instant::now();
        Command::new("kill")
            .args(["-INT", "--", &format!("-{}", group.trim())])
            .status()?;
        child.wait()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    let figures = Figures::of("interrupt", &times, None);
    arena.note(format!(
        "Interrupt while polling, to the end of the last process (response cancelled, three files deleted): median {:.1} ms of {}, worst {:.1} ms.",
        figures.median * 1e3, times.len(), figures.most * 1e3
    ));
    Ok(())
}
