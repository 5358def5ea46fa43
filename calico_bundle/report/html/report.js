// What a report needs beside HTML: search, sorting and pages of tables, copying of commands, colors, and what is printed.
// It loads nothing, stores nothing, and writes text from the report as text only.
(function () {
  "use strict";

  const TONES = ["bad", "warn", "open", "muted", "good"];
  const MARKS = { bad: "\u2715", warn: "!", good: "\u2713", open: "?", muted: "\u2013" };
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const say = (text) => { document.getElementById("said").textContent = text; };
  const number = (value) => value.toLocaleString("en-US");
  const rowsOf = (value) => number(value) + (value === 1 ? " row" : " rows");

  // "1,024" and "at least 31,000,000" are numbers too.
  function numeral(text) {
    const found = /-?[\d.]+(?:e[-+]?\d+)?/.exec(text.split(",").join(""));
    return found ? Number(found[0]) : NaN;
  }

  // An IPv6 address by its value, behind all of IPv4; everything else, MAC addresses and times too, as it is written.
  function sortable(text) {
    const address = /^[0-9a-f:]*/i.exec(text)[0];
    const halves = address.split("::").map((half) => half.split(":").filter(Boolean));
    const left = 8 - halves.flat().length;
    if (halves.length > 2 || (halves.length === 2 ? left < 1 : left !== 0)) { return text; }
    const groups = [...halves[0], ...Array(left).fill("0"), ...(halves[1] || [])];
    return "v6 " + groups.map((group) => parseInt(group, 16)).join(".") + text.slice(address.length);
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) { made.textContent = text; }
    if (className) { made.className = className; }
    return made;
  }

  // --- tables ---------------------------------------------------------------------------------------------------------

  class Grid {
    constructor(box) {
      this.box = box;
      this.body = box.querySelector("tbody");
      this.said = box.querySelector("[role=status]");
      this.region = box.querySelector(".scroll");
      this.input = box.querySelector("input[type=search]");
      this.heads = Array.from(box.querySelectorAll("thead th"));
      this.data = box.querySelector("script[type='application/json']");
      this.pages = box.querySelector(".pages");
      this.total = Number(box.dataset.total);
      this.size = Infinity;
      this.page = 0;
      this.sorted = { column: -1, way: 1 };
      this.rows = null;
      this.found = null;
      this.equip();
    }

    equip() {
      this.heads.forEach((head, place) => {
        const button = element("button", head.textContent, "sort");
        button.type = "button";
        button.addEventListener("click", () => this.sort(place));
        head.replaceChildren(button);
        head.setAttribute("aria-sort", "none");
      });
      this.box.querySelector(".tools").hidden = false;
      this.input.addEventListener("input", () => this.search());
      if (this.pages) {
        this.pages.hidden = false;
        this.pages.addEventListener("click", (event) => this.turn(event.target.closest("[data-page]")));
      }
    }

    // Rows are read when somebody asks something of the table: a large report opens as quickly as a small one.
    load() {
      if (this.rows) { return; }
      this.rows = this.data ? this.unpacked(JSON.parse(this.data.textContent)) : this.written();
      this.found = this.rows;
    }

    written() {
      return Array.from(this.body.rows, (row, place) => ({
        place, row,
        cells: Array.from(row.cells, (cell) => cell.dataset.value || cell.textContent.trim()),
        tones: Array.from(row.cells, (cell) => TONES.findIndex((tone) => cell.querySelector(".badge." + tone))),
      }));
    }

    unpacked(data) {
      this.size = data.page;
      const columns = data.columns;
      const length = columns.length ? (columns[0].at || columns[0].cells).length : 0;
      return Array.from({ length }, (_, place) => {
        const cells = [];
        const tones = [];
        columns.forEach((column, at) => {
          const which = column.at ? column.at[place] : place;
          const text = (column.values || column.cells)[which];
          cells.push(at ? text.split(data.own).join(cells[0]) : text);
          tones.push(column.tones ? TONES.indexOf(column.tones[which]) : -1);
        });
        return { place, cells, tones, row: null };
      });
    }

    search() {
      this.load();
      const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
      this.found = words.length ? this.rows.filter((row) => this.matches(row, words)) : this.rows.slice();
      this.page = 0;
      this.arrange();
    }

    matches(row, words) {
      if (row.text === undefined) { row.text = row.cells.join("\n").toLowerCase(); }
      return words.every((word) => row.text.includes(word));
    }

    sort(column) {
      this.load();
      const again = this.sorted.column === column;
      this.sorted = again && this.sorted.way < 0 ? { column: -1, way: 1 } : { column, way: again ? -1 : 1 };
      this.heads.forEach((head, place) => {
        const way = place === this.sorted.column ? this.sorted.way : 0;
        head.setAttribute("aria-sort", way > 0 ? "ascending" : way < 0 ? "descending" : "none");
      });
      this.page = 0;
      this.arrange();
    }

    arrange() {
      const { column, way } = this.sorted;
      const kind = column < 0 ? "" : this.heads[column].dataset.kind;
      const order = (one, other) => (column < 0 ? 0 : this.compare(one, other, column, kind, way)) || one.place - other.place;
      this.found = this.found.slice().sort(order);
      this.draw();
    }

    // What is not known comes last, whichever way the column is sorted.
    compare(one, other, column, kind, way) {
      const [a, b] = [one.cells[column], other.cells[column]];
      if (a === "-" || b === "-") { return (a === "-") - (b === "-"); }
      if (kind === "number") { return way * (numeral(a) - numeral(b)); }
      if (kind === "status" && one.tones[column] !== other.tones[column]) {
        return way * (one.tones[column] - other.tones[column]);
      }
      return way * collator.compare(sortable(a), sortable(b));
    }

    draw() {
      const start = this.page * (this.pages ? this.size : 0);
      const shown = this.found.slice(start, start + this.size);
      this.body.replaceChildren(...shown.map((row) => this.rowOf(row)));
      this.tell(start, shown.length);
    }

    rowOf(data) {
      if (!data.row) {
        data.row = element("tr");
        data.cells.forEach((text, place) => data.row.append(this.cellOf(text, data.tones[place], place)));
      }
      return data.row;
    }

    cellOf(text, tone, place) {
      const kind = this.heads[place].dataset.kind;
      const cell = element("td", tone < 0 || text === "-" ? text : "", kind === "number" || kind === "name" ? kind : "");
      if (tone >= 0 && text !== "-") {
        const badge = element("span", "", "badge " + TONES[tone]);
        const mark = element("span", MARKS[TONES[tone]]);
        mark.setAttribute("aria-hidden", "true");
        badge.dataset.status = text;
        badge.append(mark, " " + text);
        cell.append(badge);
      }
      return cell;
    }

    tell(start, shown) {
      const beyond = this.total > this.rows.length ? " (of " + number(this.total) + " in all)" : "";
      const all = rowsOf(this.rows.length) + beyond;
      const some = this.found.length === this.rows.length ? all : number(this.found.length) + " of " + all;
      const part = shown < this.found.length ? "; " + number(start + 1) + " to " + number(start + shown) + " are shown" : "";
      this.said.textContent = some + part;
      if (this.pages) {
        this.enable("previous", start > 0);
        this.enable("next", start + shown < this.found.length);
      }
    }

    // Not `disabled`: that would take the focus from the button somebody has just pressed.
    enable(name, can) {
      this.pages.querySelector("[data-page=" + name + "]").setAttribute("aria-disabled", String(!can));
    }

    turn(button) {
      if (!button || button.getAttribute("aria-disabled") === "true") { return; }
      this.load();
      this.page += button.dataset.page === "next" ? 1 : -1;
      this.draw();
      this.region.scrollTop = 0;
    }
  }

  // --- commands -------------------------------------------------------------------------------------------------------

  function select(what) {
    const range = document.createRange();
    range.selectNodeContents(what);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function copied(button, done) {
    const label = button.textContent;
    say(done ? "Copied." : "Selected: press Ctrl+C, or Cmd+C, to copy.");
    button.textContent = done ? "Copied" : "Selected: Ctrl+C";
    setTimeout(() => { button.textContent = label; }, 3000);
  }

  function copy(button) {
    const what = document.getElementById(button.dataset.copy);
    const text = what.textContent.trim() + "\n";
    const fall = () => { select(what); copied(button, false); };
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(text).then(() => copied(button, true), fall);
    } else {
      fall();
    }
  }

  // --- the page -------------------------------------------------------------------------------------------------------

  function colors() {
    const theme = document.getElementById("theme");
    theme.hidden = false;
    theme.addEventListener("change", (event) => {
      const chosen = event.target.value;
      if (chosen === "auto") { delete document.documentElement.dataset.theme; }
      else { document.documentElement.dataset.theme = chosen; }
    });
  }

  // On paper nothing can be unfolded.
  function printing() {
    let folded = [];
    window.addEventListener("beforeprint", () => {
      folded = Array.from(document.querySelectorAll("details:not([open])"));
      folded.forEach((one) => { one.open = true; });
    });
    window.addEventListener("afterprint", () => folded.forEach((one) => { one.open = false; }));
  }

  document.querySelectorAll("[data-table]").forEach((box) => new Grid(box));
  document.querySelectorAll("button[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  });
  colors();
  printing();
})();
