// The live parts of the page: adds events to the timeline, sends messages without leaving the page, refreshes lists.
// Text from events only ever becomes text nodes.
"use strict";
(() => {
  // Entries kept in an open page; older ones are on the previous page.
  const entryLimit = 500;
  // Milliseconds between two refreshes of a list.
  const refreshPause = 2000;

  localize(document);

  function localize(root) {
    for (const time of root.querySelectorAll("time")) {
      const date = new Date(time.dateTime);
      if (isNaN(date)) continue;
      const isToday = date.toDateString() === new Date().toDateString();
      time.textContent = isToday ? date.toLocaleTimeString() : date.toLocaleString();
      time.title = time.dateTime;
    }
  }

  // Lists: regions marked data-refresh are loaded again while the page is visible and they are not in use.
  // The counts in the navigation are refreshed with them, but not on a page without a list.
  const regions = [...document.querySelectorAll("[data-refresh]")];
  if (document.querySelector("main [data-refresh]")) setTimeout(refresh, refreshPause);

  function isInUse(region) {
    return region.contains(document.activeElement) || region.querySelector(":checked, details[open]");
  }

  function refresh() {
    if (document.hidden || regions.every(isInUse)) return setTimeout(refresh, refreshPause);
    // Parses the document without running scripts.
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = 10000;
    request.onloadend = () => {
      const page = request.response;
      if (request.status === 200 && page) {
        localize(page);
        for (const region of regions) {
          const next = page.getElementById(region.id);
          if (next && !isInUse(region) && next.textContent + next.children.length !==
              region.textContent + region.children.length) {
            region.replaceChildren(...next.childNodes);
          }
        }
      }
      setTimeout(refresh, refreshPause);
    };
    request.send();
  }

  const timeline = document.getElementById("timeline");
  if (!timeline) return;

  const scroller = document.scrollingElement;
  const isAtEnd = () => innerHeight + scrollY >= scroller.scrollHeight - 120;
  const toEnd = () => scrollTo(0, scroller.scrollHeight);
  // Also for a page with "before": its end is where the newer page begins.
  if (!location.hash) toEnd();
  if (!timeline.dataset.live) return;

  const connection = document.getElementById("connection");
  const asOf = document.getElementById("as_of");
  const answers = new Map();
  const seen = new Set();
  const underWay = new Set();
  for (const entry of timeline.querySelectorAll(".entry")) {
    seen.add(entry.dataset.id);
    if (entry.dataset.output) answers.set(entry.dataset.output, entry);
  }
  showBusy();

  // The same rules as HTML.escape in HTML.swift.
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

  // The markup of entries and forms is the service's: templates in the page, to be filled in.
  function copy(template) {
    return document.getElementById(template)?.content.firstElementChild.cloneNode(true);
  }

  function add(event, role, name) {
    const entry = copy("entry-template");
    entry.dataset.role = role;
    entry.dataset.id = event.id;
    entry.querySelector("b").textContent = shown(name);
    entry.querySelector("time").dateTime = event.time;
    entry.querySelector(".trace").href = timeline.dataset.trace + "&id=" + encodeURIComponent(event.id);
    entry.querySelector(".rewind").href = timeline.dataset.rewind + "&as_of=" + event.offset;
    localize(entry);
    timeline.append(entry);
    document.getElementById("empty")?.remove();
    while (timeline.children.length > entryLimit) timeline.firstElementChild.remove();
    return entry;
  }

  // Pieces of text by entry, to be written together.
  const pieces = new Map();

  function write(entry, text) {
    pieces.delete(entry);
    entry.querySelector(".text").replaceChildren(shown(text));
  }

  function append(entry, text) {
    const known = pieces.get(entry);
    if (known) known.push(text); else pieces.set(entry, [text]);
  }

  function writePieces() {
    for (const [entry, texts] of pieces) {
      const box = entry.querySelector(".text");
      if (!box.firstChild) box.append("");
      const follows = box.scrollTop + box.clientHeight >= box.scrollHeight - 40;
      box.firstChild.appendData(shown(texts.join("")));
      if (follows) box.scrollTop = box.scrollHeight;
    }
    pieces.clear();
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

  function end(event, state, reason) {
    const entry = answer(event);
    entry.dataset.state = state;
    if (event.data.content) write(entry, words(event.data.content));
    const end = state ? ", " + state + (reason ? " (" + reason + ")" : "") : "";
    entry.querySelector("b").textContent = shown("assistant" + end);
  }

  // Marks an answer that is empty or may not be complete.
  function complete(event) {
    end(event, "", "");
    const reason = words(event.data.finish_reason);
    answer(event).querySelector("b").append(
      words(event.data.content).trim() ? "" : ", no text",
      ["", "stop", "tool_calls"].includes(reason) ? "" : shown(", may be incomplete (" + reason + ")"));
  }

  function askApproval(event) {
    const data = event.data;
    const entry = add(event, "tool", "tool " + words(data.tool_name) + " asks for approval");
    write(entry, words(data.arguments));
    const form = copy("decision-template");
    // Only for those who may decide.
    if (!form) return;
    form.elements.effect.value = words(data.effect_id);
    const args = words(data.arguments);
    // Left empty it stands for the model's.
    if (form.elements.arguments) form.elements.arguments.value = shown(args) === args ? args : "";
    entry.append(form);
  }

  // An answer that has failed can be retried.
  function offerRetry(event) {
    const form = copy("retry-template");
    if (!form) return;
    form.elements.effect.value = words(event.data.effect_id);
    answer(event).append(form);
  }

  // Pauses before the next attempt, with the time of it.
  function waits(data) {
    const next = new Date(data.retry_at);
    const at = isNaN(next) ? "" : "; next try at " + next.toLocaleTimeString();
    return words(data.message || data.reason) + (data.unavailable ? ", attempt " + words(data.attempt) : "") + at;
  }

  // Decided here or elsewhere: the buttons would do nothing.
  function decided(effect) {
    for (const form of document.querySelectorAll("form")) {
      if (effect && form.elements.effect?.value === effect) form.remove();
    }
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
        if (entry.dataset.state === "waiting") entry.querySelector("b").textContent = "assistant";
        entry.dataset.state = "open";
        append(entry, words(data.delta));
        break;
      }
      case "conv.out.assistant.reset": write(answer(event), ""); break;
      case "conv.out.assistant.waiting": end(event, "waiting", waits(data)); break;
      case "conv.out.assistant.completed": complete(event); break;
      case "conv.out.assistant.canceled": end(event, "canceled", words(data.reason)); break;
      case "conv.out.assistant.failed":
        end(event, "failed", [data.category, data.message].map(words).filter(Boolean).join(": "));
        offerRetry(event);
        break;
      case "conv.out.tool.status":
        decided(words(data.effect_id));
        write(add(event, "tool", "tool " + words(data.tool_name)),
          data.status === "waiting" ? "waiting: " + waits(data) : words(data.message || data.status));
        break;
      case "conv.out.tool.approval_requested": askApproval(event); break;
      case "conv.audit.tool.decided": decided(words(data.effect_id)); break;
      case "conv.audit.tool.decision_refused":
        connection.textContent = shown("Not accepted: " + words(data.message) + ". Reload to decide again.");
        break;
      case "conv.effect.llm.generation.started": underWay.add(words(data.effect_id)); break;
      case "conv.effect.llm.generation.completed":
      case "conv.effect.llm.generation.failed":
      case "conv.effect.llm.generation.canceled": underWay.delete(words(data.effect_id)); break;
    }
  }

  // Shows that an answer is being written, or will be.
  function showBusy() {
    const isBusy = underWay.size > 0 || timeline.querySelector(".entry[data-state=open]") !== null;
    timeline.toggleAttribute("data-busy", isBusy);
    document.getElementById("abort")?.toggleAttribute("data-busy", isBusy);
  }

  let last = timeline.dataset.after;
  let source;
  let waiting = [];

  function connect() {
    if (source && source.readyState !== EventSource.CLOSED) return;
    source = new EventSource(timeline.dataset.live + "&after=" + last);
    source.onopen = () => { connection.textContent = "Live"; };
    source.onmessage = message => {
      // Shown together with other events that arrive before the next repaint.
      if (waiting.push(message) === 1) setTimeout(show, 0);
    };
    source.onerror = () => {
      connection.textContent = "Not connected; trying again";
      // Browsers give up after an error status; the service may still be starting.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
    };
  }

  // Milliseconds of event processing per repaint, so that the page stays responsive.
  const frameTime = 12;

  function show() {
    const follows = isAtEnd();
    const end = performance.now() + frameTime;
    let count = 0;
    while (count < waiting.length && performance.now() < end) {
      const message = waiting[count++];
      // Skips events that were shown already.
      if (Number(message.lastEventId) <= Number(last)) continue;
      last = message.lastEventId;
      take(JSON.parse(message.data));
    }
    waiting.splice(0, count);
    if (asOf && asOf !== document.activeElement) asOf.value = last;
    writePieces();
    showBusy();
    if (follows) toEnd();
    if (waiting.length) setTimeout(show, 0);
  }

  function disconnect() {
    source?.close();
    connection.textContent = "";
  }

  // Browsers allow few connections per service, so hidden pages have none.
  document.addEventListener("visibilitychange", () => document.hidden ? disconnect() : connect());
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", event => { if (event.persisted) connect(); });
  if (!document.hidden) connect();

  const say = document.getElementById("say");
  if (!say) return;
  const box = say.elements.content;
  const send = document.querySelector("button[form=say]");

  async function post(form, submitter) {
    const body = new URLSearchParams(new FormData(form, submitter));
    try {
      // The answer would be the page; the message itself arrives as an event.
      const answer = await fetch(form.getAttribute("action"),
        { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });
      if (answer.type === "opaqueredirect" || answer.ok) return true;
      const problem = await answer.json().catch(() => ({}));
      connection.textContent = "Not sent: " + (problem.message || answer.status);
    } catch {
      connection.textContent = "Not sent: no connection";
    }
    return false;
  }

  function newID() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
  }

  say.addEventListener("submit", async event => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    // A message that may have arrived keeps its id, so that it is recorded only once.
    if (await post(say)) {
      box.value = "";
      say.elements.id.value = newID();
      toEnd();
    }
    send.disabled = false;
    box.focus();
  });
  box.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      say.requestSubmit();
    }
  });
  box.setAttribute("placeholder", "Ctrl+Enter sends");
  document.addEventListener("submit", async event => {
    const form = event.target;
    const actions = [timeline.dataset.decide, timeline.dataset.retry];
    if (form.id !== "abort" && !actions.includes(form.getAttribute("action"))) return;
    event.preventDefault();
    if (await post(form, event.submitter) && form.id !== "abort") form.remove();
  });
})();
