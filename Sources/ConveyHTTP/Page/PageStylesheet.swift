/// The look of the page: light or dark as the reader's system is, one column that fits a phone.
enum PageStylesheet {
    static let text = """
        :root { color-scheme: light dark;
          --ink: #1a1f26; --quiet: #59636e; --paper: #fff; --soft: #f4f6f8; --line: #d8dee4; --link: #175fb0;
          --main: #1b62b5; --on-main: #fff; --bad: #b3261e; --bad-soft: #fdecea; --good: #17663a; --good-soft: #e6f4ec;
          --busy: #7a4b00; --busy-soft: #fff3d6; --user: #e5f0fc; --tool: #f3eefb; }
        @media (prefers-color-scheme: dark) { :root {
          --ink: #e6eaee; --quiet: #9ba6b1; --paper: #12161a; --soft: #1b2127; --line: #333b43; --link: #82b7f2;
          --main: #2468b8; --on-main: #fff; --bad: #ff9a91; --bad-soft: #3a1c1a; --good: #7fd6a3; --good-soft: #14301f;
          --busy: #f2c46d; --busy-soft: #382b10; --user: #17304c; --tool: #2a2338; } }
        * { box-sizing: border-box; }
        html { overflow-x: hidden; scrollbar-gutter: stable; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
          min-height: 100vh; display: flex; flex-direction: column; }
        a { color: var(--link); }
        :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        .skip { position: absolute; left: -99em; }
        .skip:focus { left: 1em; top: 1em; background: var(--paper); padding: .5em; z-index: 2; }

        body > header { border-bottom: 1px solid var(--line); background: var(--soft); display: flex; flex-wrap: wrap;
          gap: .1rem 1.25rem; align-items: center; padding: .5rem max(1rem, calc(50vw - 29rem)); }
        .brand { font-weight: 700; color: inherit; text-decoration: none; display: flex; gap: .5rem; align-items: center; }
        header nav { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
        header nav a, .tabs a { text-decoration: none; padding: .25rem 0; }
        header nav a:hover, .tabs a:hover { text-decoration: underline; }
        header form { margin-inline-start: auto; }
        [aria-current] { font-weight: 600; }
        nav [aria-current] { color: inherit; box-shadow: 0 2px var(--link); }
        @media (max-width: 32rem) {
          header nav { gap: .1rem .75rem; font-size: .85rem; }
          .brand { font-size: 0; gap: 0; }
          body > header { gap: .75rem; padding-inline: .75rem; }
        }
        main { width: 100%; max-width: 60rem; margin: 0 auto; padding: .75rem 1rem; flex: 1; display: flex;
          flex-direction: column; }
        main > * { flex: none; max-width: 100%; }

        h1 { font-size: 1.4rem; margin: .25rem 0; overflow-wrap: anywhere; }
        h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere; }
        p { margin: .5rem 0; overflow-wrap: anywhere; }
        .heading { display: flex; flex-wrap: wrap; gap: 0 2rem; align-items: baseline; justify-content: space-between; }
        .tabs { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
        .quiet { color: var(--quiet); font-size: .875rem; }
        .quiet a { color: inherit; }
        .problem { color: var(--bad); background: var(--bad-soft); padding: .6rem .8rem; border-radius: 8px; }
        .past { margin: 0; color: var(--busy); background: var(--busy-soft); padding: .6rem .8rem; border-radius: 8px; }
        .badge { display: inline-block; font-size: .8rem; font-weight: 600; line-height: 1.4; padding: 0 .5rem;
          border-radius: 99px; background: var(--line); color: var(--ink); overflow-wrap: anywhere; }
        .rows .badge { margin-block: .15rem; }
        .badge.bad { background: var(--bad-soft); color: var(--bad); }
        .badge.good { background: var(--good-soft); color: var(--good); }
        .badge.busy { background: var(--busy-soft); color: var(--busy); }
        code, pre { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
        pre { white-space: pre-wrap; max-height: 30rem; overflow: auto; background: var(--soft); padding: .6rem;
          border-radius: 8px; margin: .5rem 0; }

        .rows { list-style: none; padding: 0; margin: .5rem 0; }
        .rows li { padding: .55rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
        .rows li > .quiet, summary .quiet { display: block; }
        .rows li > a:first-child, .rows summary { font-weight: 600; }
        @media (min-width: 48rem) {
          #list li { display: flex; gap: 1rem; align-items: baseline; }
          #list li > .quiet { margin-inline-start: auto; font-variant-numeric: tabular-nums; }
        }
        .rows .rows { margin-inline-start: 1rem; }
        .rows .actions { display: flex; gap: 1rem; }
        summary { cursor: pointer; }
        summary .quiet { font-weight: 400; padding-inline-start: 1.1rem; }
        .trace [aria-current] { background: var(--user); padding-inline: .6rem; border-radius: 8px; font-weight: 400; }
        .step1 { margin-inline-start: .8rem; } .step2 { margin-inline-start: 1.6rem; } .step3 { margin-inline-start: 2.4rem; }
        .step4 { margin-inline-start: 3.2rem; } .step5 { margin-inline-start: 4rem; } .step6 { margin-inline-start: 4.8rem; }

        .bar { display: flex; flex-wrap: wrap; gap: 0 2rem; }
        .bar .line { flex: 1 1 20rem; flex-wrap: nowrap; }
        .bar label { flex: none; }
        .bar input { flex: 1; width: 0; min-width: 6rem; }
        .bar button { flex: none; }
        .line { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .5rem 0; }
        .line > .past { width: 100%; }
        .step { padding: .4rem .2rem; }
        label { display: inline-block; }
        input, textarea, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
          border-radius: 8px; padding: .45rem .75rem; max-width: 100%; }
        input[type=number] { width: 6.5rem; }
        input[type=checkbox] { width: 1.2rem; height: 1.2rem; vertical-align: -.2rem; margin: 0 .35rem 0 0; }
        textarea { width: 100%; display: block; margin: .25rem 0; resize: vertical; }
        button { background: var(--soft); cursor: pointer; min-height: 2.5rem; font-weight: 600; }
        button:hover { border-color: var(--quiet); }
        button:disabled { opacity: .6; }
        button.main { background: var(--main); border-color: var(--main); color: var(--on-main); }
        button.danger { color: var(--bad); }
        button.plain { background: none; border: 0; font-weight: 400; padding: .25rem 0; min-height: 0; color: var(--link); }
        form.rewind { color: var(--quiet); font-size: .9rem; border-bottom: 1px solid var(--line); padding-bottom: .6rem; }

        #timeline { margin-block: .25rem; }
        .entry { margin: .6rem 0; padding: .5rem .8rem .6rem; background: var(--soft); border-radius: 12px;
          border-end-start-radius: 3px; margin-inline-end: 8%; }
        .entry[data-role=user] { background: var(--user); margin-inline: 8% 0; border-radius: 12px; border-end-end-radius: 3px; }
        .entry[data-role=tool] { background: var(--tool); }
        .entry[data-state=failed] b, .entry[data-state=canceled] b { color: var(--bad); }
        .entry .about { margin: 0 0 .15rem; color: var(--quiet); font-size: .8rem; display: flex; flex-wrap: wrap;
          gap: 0 .75rem; }
        .entry .about a { color: inherit; white-space: nowrap; }
        .entry .text { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 26rem; overflow: auto;
          unicode-bidi: isolate; }
        .entry[data-state=open] .text::after { content: "\\258D"; color: var(--link); }
        #timeline[data-busy]::after { content: "Answering…"; color: var(--busy); font-size: .875rem; }
        #abort[data-busy] button { background: var(--bad-soft); border-color: var(--bad); }
        #composer { position: sticky; bottom: 0; background: var(--paper); border-top: 1px solid var(--line);
          margin-top: auto; padding: .5rem 0 .25rem; }
        #composer label { font-size: .875rem; color: var(--quiet); }
        #composer .line { margin: .25rem 0; }

        dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: .5rem 0; }
        dl.numbers dd { text-align: end; font-variant-numeric: tabular-nums; }
        dl.numbers { grid-template-columns: minmax(0, 20rem) max-content; }
        dt { color: var(--quiet); }
        dd { margin: 0; overflow-wrap: anywhere; }
        .meters { list-style: none; padding: 0; margin: .5rem 0; display: grid; gap: .3rem 1rem;
          grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); font-variant-numeric: tabular-nums; }
        .meters li { display: grid; grid-template-columns: 2rem 1fr 2.5rem; gap: .4rem; align-items: center; font-size: .8rem; }
        meter { width: 100%; height: .8rem; }

        """
}
