/// What is live: events are added to the timeline as they come, and messages are sent without leaving the page. Text from
/// events only ever becomes text nodes.
enum PageScript {
    static let text = #"""
        "use strict";
        (() => {
          // Entries kept in a page that stays open; older ones are a click away.
          const entryLimit = 500;

          for (const time of document.querySelectorAll("time")) localize(time);

          function localize(time) {
            const date = new Date(time.dateTime);
            if (!isNaN(date)) time.textContent = date.toLocaleString();
          }

          const timeline = document.getElementById("timeline");
          if (!timeline || !timeline.dataset.live) return;
          const connection = document.getElementById("connection");
          const answers = new Map();
          const seen = new Set();
          for (const entry of timeline.querySelectorAll(".entry")) {
            seen.add(entry.dataset.id);
            if (entry.dataset.output) answers.set(entry.dataset.output, entry);
          }

          function shown(text) {
            return String(text)
              .replace(/[\u0000-\u0008\u000b-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0)))
              .replace(/\u007f/g, "\u2421").replace(/[\u0080-\u009f]/g, "\ufffd")
              .replace(/[\u202a-\u202e\u2066-\u2069]/g, c => "[U+" + c.charCodeAt(0).toString(16).toUpperCase() + "]");
          }

          function words(value) {
            if (value === undefined || value === null) return "";
            return typeof value === "string" ? value : JSON.stringify(value);
          }

          function add(event, role, name) {
            const entry = document.createElement("article");
            entry.className = "entry";
            entry.dataset.role = role;
            entry.dataset.id = event.id;
            const about = document.createElement("p");
            about.className = "about";
            const who = document.createElement("b");
            who.textContent = shown(name);
            const time = document.createElement("time");
            time.dateTime = event.time;
            localize(time);
            const link = document.createElement("a");
            link.href = timeline.dataset.trace + "&id=" + encodeURIComponent(event.id);
            link.textContent = "#" + event.offset;
            about.append(who, " ", time, " ", link);
            const text = document.createElement("div");
            text.className = "text";
            text.dir = "auto";
            text.tabIndex = 0;
            text.append("");
            entry.append(about, text);
            const follows = innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
            timeline.append(entry);
            while (timeline.children.length > entryLimit) timeline.firstElementChild.remove();
            if (follows) entry.scrollIntoView({ block: "nearest" });
            return entry;
          }

          function write(entry, text, isMore) {
            const box = entry.querySelector(".text");
            if (!box.firstChild) box.append("");
            const node = box.firstChild;
            if (isMore) node.appendData(shown(text)); else box.textContent = shown(text);
            if (isMore) box.scrollTop = box.scrollHeight;
          }

          function answer(event) {
            const id = words(event.data.output_id) || event.id;
            let entry = answers.get(id);
            if (!entry || !entry.isConnected) {
              entry = add(event, "assistant", "assistant");
              entry.dataset.output = id;
              answers.set(id, entry);
            }
            return entry;
          }

          function take(event) {
            const data = event.data || {};
            switch (event.type) {
              case "conv.in.message.received":
                if (seen.has(event.id)) return;
                seen.add(event.id);
                write(add(event, "user", "user"), words(data.content ?? data.text ?? data.body ?? data.message));
                break;
              case "conv.out.assistant.delta": {
                const entry = answer(event);
                entry.classList.add("open");
                write(entry, words(data.delta), true);
                break;
              }
              case "conv.out.assistant.reset":
                write(answer(event), "");
                break;
              case "conv.out.assistant.completed":
              case "conv.out.assistant.canceled":
              case "conv.out.assistant.failed": {
                const entry = answer(event);
                entry.classList.remove("open");
                if (data.content !== undefined) write(entry, words(data.content));
                const end = event.type.slice("conv.out.assistant.".length);
                if (end !== "completed") entry.querySelector("b").textContent = "assistant, " + end;
                break;
              }
              case "conv.out.tool.status":
                write(add(event, "tool", "tool " + words(data.tool_name)), words(data.message || data.status));
                break;
            }
          }

          let last = timeline.dataset.after;
          let source;

          function connect() {
            source = new EventSource(timeline.dataset.live + "&after=" + last);
            source.onopen = () => { connection.textContent = "Live"; };
            source.onmessage = message => {
              // A server that was restarted goes on behind the last event; this is for what else there may be between.
              if (Number(message.lastEventId) <= Number(last)) return;
              last = message.lastEventId;
              take(JSON.parse(message.data));
            };
            source.onerror = () => {
              connection.textContent = "Not connected; trying again";
              // Browsers give up where the answer is a status; the service may only be starting.
              if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
            };
          }
          connect();
          addEventListener("pagehide", () => source.close());
          addEventListener("pageshow", event => { if (event.persisted) connect(); });

          const say = document.getElementById("say");
          if (!say) return;
          const box = say.elements.content;
          say.addEventListener("submit", async event => {
            event.preventDefault();
            const button = say.querySelector("button");
            button.disabled = true;
            try {
              const answer = await fetch(say.action, {
                method: "POST", body: new URLSearchParams(new FormData(say)), redirect: "manual" });
              // The page itself would be the answer; what was sent comes as an event.
              if (answer.type === "opaqueredirect" || answer.ok) box.value = "";
              else connection.textContent = "Not sent (" + answer.status + ")";
            } catch {
              connection.textContent = "Not sent: no connection";
            } finally {
              button.disabled = false;
              box.focus();
            }
          });
          box.addEventListener("keydown", event => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) say.requestSubmit();
          });
        })();

        """#
}
