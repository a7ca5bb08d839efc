// Sorts, filters and chooses columns of the tables of a board. All state stands in the address, after
// the #, so that a link shows what its sender saw. Ranks are read, never computed.
"use strict";
(() => {
  const form = document.querySelector("form.controls");
  const tables = [...document.querySelectorAll("table.board")];
  if (!form || !tables.length) return;
  const heads = [...tables[0].tHead.rows[0].cells];
  const keys = heads.map((head) => head.dataset.key);
  const usual = new Set(heads.filter((h) => "hidden" in h.dataset).map((h) => h.dataset.key));
  const first = { q: "", role: "", experiment: "", size: form.size ? "largest" : "", strategy: "", sort: "", columns: "", row: "" };
  const rows = tables.map((table) => [...table.tBodies[0].rows]);
  const original = rows.map((list) => [...list]);
  let state = { ...first };
  let hidden = new Set(usual);

  const at = (row, key) => row.cells[keys.indexOf(key)];
  const text = (row, key) => at(row, key).textContent.trim();
  // "<8" comes before 8 and ">120" after 120; words that are no number come last.
  const value = (cell) => {
    const words = (cell.firstChild ? cell.firstChild.textContent : "").trim().replace(/\u202f/g, "");
    const found = /^([<>]?)([+-]?[\d.]+(?:e-?\d+)?)/.exec(words);
    if (!found) return [1, words];
    const number = parseFloat(found[2]) + (found[1] === "<" ? -1e-6 : found[1] === ">" ? 1e-6 : 0);
    return Number.isNaN(number) ? [1, words] : [0, number];
  };
  const read = () => {
    state = { ...first };
    for (const [key, word] of new URLSearchParams(location.hash.slice(1))) if (key in first) state[key] = word;
    hidden = new Set(usual);
    for (const change of state.columns.split(",").filter(Boolean)) {
      const key = change.slice(1);
      if (!keys.includes(key)) continue;
      if (change[0] === "-") hidden.add(key); else hidden.delete(key);
    }
  };
  const write = () => {
    const changes = keys.filter((key) => usual.has(key) !== hidden.has(key));
    state.columns = changes.map((key) => (hidden.has(key) ? "-" : ".") + key).join(",");
    const said = Object.entries(state).filter(([key, word]) => word !== first[key]);
    const hash = new URLSearchParams(said).toString();
    history.replaceState(null, "", "#" + hash);
  };
  const fits = (row, largest) => {
    const wanted = state.q.trim().toLowerCase();
    if (wanted && !row.cells[0].dataset.name.toLowerCase().includes(wanted) && !text(row, "role").toLowerCase().includes(wanted)) return false;
    if (state.role && text(row, "role") !== state.role) return false;
    if (state.strategy && text(row, "strategy") !== state.strategy) return false;
    const size = text(row, "size");
    return state.size === "" || (state.size === "largest" ? size === largest : size === state.size);
  };
  const order = (list) => {
    const [key, way] = state.sort.split(".desc").length > 1 ? [state.sort.slice(0, -5), -1] : [state.sort, 1];
    if (!keys.includes(key)) return list;
    const index = keys.indexOf(key);
    const ranked = list.map((row, place) => [index === 0 ? [1, row.cells[0].dataset.name] : value(row.cells[index]), place, row]);
    ranked.sort(([a, i], [b, j]) => {
      const words = a[0] - b[0];
      if (words) return words;
      if (a[1] === b[1]) return i - j;
      return (a[1] < b[1] ? -1 : 1) * way;
    });
    return ranked.map((entry) => entry[2]);
  };
  const show = () => {
    let shown = 0, all = 0;
    tables.forEach((table, index) => {
      const section = table.closest("section");
      const here = !state.experiment || section.dataset.experiment === state.experiment;
      section.hidden = !here;
      const largest = section.dataset.largest;
      const sorted = state.sort ? order(original[index]) : original[index];
      table.tBodies[0].append(...sorted);
      let last = null;
      for (const row of sorted) {
        const fitting = fits(row, largest);
        row.hidden = !fitting;
        row.classList.toggle("chosen", row.dataset.id === state.row);
        const size = text(row, "size");
        row.classList.toggle("sized", fitting && !state.sort && last !== null && last !== size);
        if (fitting) last = size;
        all += 1;
        shown += fitting && here ? 1 : 0;
      }
      table.className = ["board", ...[...hidden].map((key) => "h" + (keys.indexOf(key) + 1))].join(" ");
      [...table.tHead.rows[0].cells].forEach((head) => {
        const sort = state.sort === head.dataset.key ? "ascending" : state.sort === head.dataset.key + ".desc" ? "descending" : "none";
        head.setAttribute("aria-sort", sort);
      });
    });
    form.querySelector("output").textContent = shown + " of " + all + " rows." + (keys.includes("rank") ? " Ranks are those of the whole field." : "");
    for (const name of ["q", "role", "experiment", "size", "strategy"]) if (form[name] && form[name].value !== state[name]) form[name].value = state[name];
    form.querySelectorAll("fieldset input").forEach((box) => { box.checked = !hidden.has(box.value); });
  };
  const act = () => { write(); show(); };

  const prepare = () => {
    const box = form.querySelector("fieldset");
    heads.slice(1).forEach((head) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "checkbox";
      input.value = head.dataset.key;
      label.append(input, head.textContent.trim());
      box.append(label);
    });
    tables.forEach((table) => [...table.tHead.rows[0].cells].forEach((head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = head.title;
      button.append(...head.childNodes);
      button.addEventListener("click", () => {
        const key = head.dataset.key;
        state.sort = state.sort === key ? key + ".desc" : state.sort === key + ".desc" ? "" : key;
        act();
      });
      head.append(button);
    }));
    rows.flat().forEach((row) => {
      const link = document.createElement("a");
      link.className = "permalink";
      link.textContent = "#";
      link.href = "#" + new URLSearchParams({ size: text(row, "size"), row: row.dataset.id });
      link.setAttribute("aria-label", "link to the row of " + row.cells[0].dataset.name);
      row.cells[0].append(link);
    });
    form.hidden = false;
  };
  form.addEventListener("input", (event) => {
    const { name, value: word, type, checked } = event.target;
    if (type === "checkbox") { if (checked) hidden.delete(word); else hidden.add(word); }
    else if (name in first) state[name] = word;
    act();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); state = { ...first }; hidden = new Set(usual); act(); });
  addEventListener("hashchange", () => { read(); show(); toRow(); });
  const toRow = () => { const row = document.querySelector("tr.chosen"); if (row && !row.hidden) row.scrollIntoView({ block: "center" }); };
  prepare();
  read();
  show();
  toRow();
  document.documentElement.dataset.ready = "yes";
})();
