/// The look of the page: light or dark as the reader's system is, one column that fits a phone.
enum PageStylesheet {
    static let text = """
        :root { color-scheme: light dark; --ink: #1c2024; --quiet: #5b6570; --paper: #fff; --soft: #f2f4f6;
          --line: #d5dade; --link: #1f5fa8; --bad: #a8201a; --user: #e8f0fa; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --quiet: #9aa5b0; --paper: #14171a; --soft: #1e2327;
          --line: #363d44; --link: #7fb2ec; --bad: #ff8a80; --user: #1b2a3c; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        a { color: var(--link); }
        :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        .skip { position: absolute; left: -99em; }
        .skip:focus { left: 1em; top: 1em; background: var(--paper); padding: .5em; z-index: 1; }
        header nav, main { max-width: 60rem; margin: 0 auto; padding: .75rem 1rem; }
        header { border-bottom: 1px solid var(--line); background: var(--soft); }
        header nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: baseline; }
        .brand { font-weight: 700; color: inherit; text-decoration: none; }
        [aria-current] { font-weight: 700; }
        h1 { font-size: 1.4rem; margin: .5rem 0; overflow-wrap: anywhere; }
        h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere; }
        .tabs { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
        .quiet { color: var(--quiet); font-size: .9rem; }
        .problem, .danger { color: var(--bad); }
        code, pre { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
        pre { white-space: pre-wrap; max-height: 30rem; overflow: auto; background: var(--soft); padding: .5rem; }
        ul.rows, ol.events, ol.trace { list-style: none; padding: 0; margin: .5rem 0; }
        ul.rows li, ol.events li, ol.trace li { padding: .5rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
        .line { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .75rem 0; }
        form#say { margin: 1rem 0 .5rem; }
        label { display: inline-block; }
        input, textarea, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
          border-radius: 6px; padding: .5rem .7rem; max-width: 100%; }
        input[type=number] { width: 8rem; }
        textarea { width: 100%; display: block; margin: .25rem 0 .5rem; resize: vertical; }
        button { background: var(--soft); cursor: pointer; min-height: 2.75rem; }
        .entry { margin: .75rem 0; padding: .5rem .75rem; background: var(--soft); border-radius: 8px; contain: content; }
        .entry[data-role=user] { background: var(--user); margin-inline-start: 10%; }
        .entry[data-role=assistant] { margin-inline-end: 10%; }
        .entry .about { margin: 0; color: var(--quiet); font-size: .85rem; display: flex; flex-wrap: wrap; gap: 0 .75rem; }
        .entry .text { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 26rem; overflow: auto;
          unicode-bidi: isolate; }
        .entry.open .text::after { content: "\\25CB"; color: var(--quiet); }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; }
        th, td { text-align: start; padding: .35rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
        dd { margin: 0; overflow-wrap: anywhere; }
        .step1 { margin-inline-start: .8rem; } .step2 { margin-inline-start: 1.6rem; } .step3 { margin-inline-start: 2.4rem; }
        .step4 { margin-inline-start: 3.2rem; } .step5 { margin-inline-start: 4rem; } .step6 { margin-inline-start: 4.8rem; }
        .step7, .step8, .step9, .step10, .step11, .step12 { margin-inline-start: 5.6rem; }

        """
}
