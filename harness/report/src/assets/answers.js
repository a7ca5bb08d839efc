// Shows single answers. Data come as scripts that hand themselves over: a page that was opened as a
// file may load those, and nothing else.
"use strict";
(() => {
  const form = document.querySelector("form.controls");
  const table = document.querySelector("table.answers");
  if (!form || !table) return;
  const PAGE = 100;
  const held = {}, waiting = {};
  window.pilotbenchTake = (name, value) => {
    held[name] = value;
    (waiting[name] || []).forEach((go) => go(value));
    delete waiting[name];
  };
  const load = (name) => new Promise((go, fail) => {
    if (held[name]) return go(held[name]);
    if (waiting[name]) return waiting[name].push(go);
    waiting[name] = [go];
    const script = document.createElement("script");
    script.src = "data/" + encodeURIComponent(name) + ".js";
    script.onerror = () => { delete waiting[name]; fail(new Error("the data of " + name + " are not beside this page")); };
    document.head.append(script);
  });
  const cells = [...form.cell.options].map((option) => option.value);
  const first = { cell: cells[0], q: "", item: "", only: "", page: "0" };
  let state = { ...first };
  const read = () => {
    state = { ...first };
    for (const [key, word] of new URLSearchParams(location.hash.slice(1))) if (key in first) state[key] = word;
    if (!cells.includes(state.cell)) state.cell = cells[0];
  };
  const write = () => {
    const said = Object.entries(state).filter(([key, word]) => word !== first[key]);
    history.replaceState(null, "", "#" + new URLSearchParams(said));
  };
  const td = (row, text, cls, minor) => {
    const cell = row.insertCell();
    cell.className = cls;
    cell.textContent = text;
    if (minor) { const small = document.createElement("small"); small.textContent = minor; cell.append(small); }
    return cell;
  };
  const who = (people, row) => {
    const arm = people.arms.length ? [people.arms[people.arm[row]] ?? ""] : [];
    return [people.ids[row], ...arm, ...people.covariates.map((column) => column[row])];
  };
  const kind = (people, data, at, item) => {
    const human = people.answers[item][data.rows[at]], level = data.items[item].levels[at];
    return level === null ? "none" : level === human ? "same" : "other";
  };
  const fits = (people, data, at) => {
    const wanted = state.q.trim().toLowerCase();
    if (wanted && !who(people, data.rows[at]).some((word) => word.toLowerCase().includes(wanted))) return false;
    if (!state.only) return true;
    const items = state.item === "" ? people.items.map((_, item) => item) : [Number(state.item)];
    return items.some((item) => item < people.items.length && kind(people, data, at, item) === state.only);
  };
  const fill = (people, data, at) => {
    const row = table.tBodies[0].insertRow();
    const [id, ...rest] = who(people, data.rows[at]);
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = id;
    row.append(head);
    rest.forEach((word) => td(row, word, "w"));
    people.items.forEach((asked, item) => {
      const human = people.answers[item][data.rows[at]], own = data.items[item], level = own.levels[at];
      td(row, human === null ? "–" : asked.levels[human], "w");
      const said = level === null ? own.status[at] || "" : asked.levels[level];
      const cell = td(row, said, kind(people, data, at, item) === "same" ? "w same" : "w other", own.p[at] === null ? "" : (own.p[at] / 1000).toFixed(3));
      if (own.texts[at]) {
        const words = document.createElement("small");
        words.className = "words";
        words.textContent = "“" + own.texts[at] + "”";
        cell.append(words);
      }
    });
  };
  const show = async () => {
    const output = form.querySelector("output");
    try {
      const [people, data] = await Promise.all([load("people"), load(state.cell)]);
      const fitting = data.rows.map((_, at) => at).filter((at) => fits(people, data, at));
      const last = Math.max(0, Math.ceil(fitting.length / PAGE) - 1);
      const page = Math.min(last, Math.max(0, parseInt(state.page, 10) || 0));
      table.tBodies[0].replaceChildren();
      fitting.slice(page * PAGE, (page + 1) * PAGE).forEach((at) => fill(people, data, at));
      table.querySelector(".told").textContent = form.cell.options[cells.indexOf(state.cell)].textContent;
      form.before.disabled = page === 0;
      form.after.disabled = page === last;
      state.page = String(page);
      output.textContent = fitting.length + " of " + data.rows.length + " people; page " + (page + 1) + " of " + (last + 1);
    } catch (error) { output.textContent = error.message; }
    for (const name of ["cell", "q", "item", "only"]) if (form[name].value !== state[name]) form[name].value = state[name];
    document.documentElement.dataset.ready = "yes";
  };
  form.addEventListener("input", (event) => { state[event.target.name] = event.target.value; state.page = "0"; write(); show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  const turn = (by) => () => { state.page = String(Number(state.page) + by); write(); show(); };
  form.before.addEventListener("click", turn(-1));
  form.after.addEventListener("click", turn(1));
  addEventListener("hashchange", () => { read(); show(); });
  form.hidden = false;
  read();
  show();
})();
