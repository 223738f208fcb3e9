/// Scripts that check the page shown. Each returns the faults, one text per finding.
enum PageChecks {
    /// Harm that hostile content must not do: scripts, requests, links that run something.
    static let harm = #"""
        const found = [];
        if (window.__owned !== undefined || localStorage.getItem("owned")) found.push("something has run");
        for (const element of document.querySelectorAll("body *")) {
          for (const attribute of element.attributes) {
            if (/^on/i.test(attribute.name)) found.push("a handler: " + element.outerHTML.slice(0, 200));
            if (attribute.name === "style") found.push("a style: " + element.outerHTML.slice(0, 200));
          }
          const url = element.href ?? element.action ?? element.src;
          if (typeof url === "string" && url !== "" && !url.startsWith(location.origin + "/"))
            found.push("leads elsewhere: " + url.slice(0, 200));
        }
        const odd = "iframe, object, embed, base, body script, body style, body link, body meta, main img, main svg image";
        for (const element of document.querySelectorAll(odd)) found.push("an element: " + element.outerHTML.slice(0, 200));
        return found;
        """#

    /// Elements wider than the window. Tables and the like may scroll by themselves.
    static let overflow = #"""
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
        const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1);
        return ["wider than " + width + ": " + document.documentElement.scrollWidth].concat(
          wide.slice(0, 5).map(e => e.tagName + "." + e.className + "#" + e.id));
        """#

    /// Requirements of assistive technology (WCAG 2.2: 1.3.1, 2.4.1, 2.4.2, 3.1.1, 4.1.2).
    static let structure = #"""
        const found = [];
        const count = selector => document.querySelectorAll(selector).length;
        if (!document.documentElement.lang) found.push("no language");
        if (!document.title.trim()) found.push("no title");
        if (count("main") !== 1) found.push(count("main") + " main landmarks");
        if (count("header") < 1) found.push("no banner");
        // An error page links to the list of conversations instead.
        if (count("nav") < 1 && count("[role=alert]") < 1) found.push("no navigation");
        if (count("h1") !== 1) found.push(count("h1") + " first headings");
        let level = 1;
        for (const heading of document.querySelectorAll("main :is(h1, h2, h3, h4)")) {
          const next = Number(heading.tagName[1]);
          if (next > level + 1) found.push("a heading is left out before: " + heading.textContent);
          level = next;
        }
        const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
        for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) found.push("an id twice: " + id);
        for (const nav of document.querySelectorAll("nav"))
          if (count("nav") > 1 && !nav.ariaLabel && !nav.getAttribute("aria-labelledby")) found.push("a nav without a name");
        return found;
        """#

    /// Fields and buttons, whose names are checked.
    static let controls = "button, input:not([type=hidden]), textarea, select, summary, nav a[href], .entry a[href]"

    /// Text with less contrast than WCAG 2.2, 1.4.3 asks for: 4.5, and 3 where it is large.
    static let contrast = #"""
        const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
          .getContext("2d", { willReadFrequently: true });
        function rgba(color) {
          context.clearRect(0, 0, 1, 1);
          context.fillStyle = color;
          context.fillRect(0, 0, 1, 1);
          const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
          return [r, g, b, a / 255];
        }
        const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
        function background(element) {
          const layers = [];
          for (let e = element; e; e = e.parentElement) {
            const color = rgba(getComputedStyle(e).backgroundColor);
            if (color[3] > 0) layers.push(color);
            if (color[3] === 1) break;
          }
          return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
        }
        function luminance(color) {
          const [r, g, b] = color.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        }
        const found = new Set();
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const element = walker.currentNode.parentElement;
          if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest(":disabled")) continue;
          const style = getComputedStyle(element);
          const below = background(element);
          const [one, other] = [over(rgba(style.color), below), below].map(luminance).sort((a, b) => b - a);
          const ratio = (one + 0.05) / (other + 0.05);
          const size = parseFloat(style.fontSize);
          const isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
          if (ratio < (isLarge ? 3 : 4.5))
            found.add(ratio.toFixed(2) + ": " + element.tagName + "." + element.className + " " + walker.currentNode.data.trim().slice(0, 40));
        }
        return [...found];
        """#

    /// Whether the focused element shows its focus.
    static let focus = #"""
        const element = document.activeElement;
        if (!element || element === document.body) return [];
        const style = getComputedStyle(element);
        const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
        const box = element.getBoundingClientRect();
        const found = [];
        if (!hasOutline && style.boxShadow === "none") found.push("the focus does not show: " + element.outerHTML.slice(0, 120));
        if (box.width < 1 || box.height < 1) found.push("the focus is nowhere: " + element.outerHTML.slice(0, 120));
        return found;
        """#

    /// Bytes of the page and everything it loaded on the wire, response heads included.
    static let transfer = """
        return performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
          .reduce((sum, entry) => sum + (entry.transferSize || entry.encodedBodySize), 0);
        """

    /// Records the ids of live events in the order of arrival. Runs before the page's own script.
    static let eventLog = """
        window.__events = [];
        window.EventSource = class extends window.EventSource {
          constructor(...a) {
            super(...a);
            this.addEventListener('message', event => window.__events.push(Number(event.lastEventId)));
          }
        };
        """
}
