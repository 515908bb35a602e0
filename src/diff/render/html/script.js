
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { effects, kinds, namespaces, places, changes, objects, groups, batches } = data;
  const LETTERS = ["=", "M", "I", "R", "X", "−", "B", "S", "D"];
  const SAME = -1, ADDED = -2;
  const GROUPS = 100, OBJECTS = 25, CELLS = 3000, PATHS = 8;
  const byId = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en");
  const count = (many, one, several = one + "s") => `${number.format(many)} ${many === 1 ? one : several}`;

  /** Makes an element; texts become text, never markup. */
  function make(tag, className, ...inside) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    for (const each of inside) if (each !== null && each !== undefined && each !== "") element.append(each);
    return element;
  }

  /** Splits a text at its backticks: what stands between two of them is code. */
  function quoted(text) {
    return text.split("`").map((part, at) => (at % 2 ? make("code", "", part) : part));
  }

  function mark(effect) {
    const element = make("span", "mark");
    paint(element, effect);
    return element;
  }

  function paint(element, state) {
    const look = {
      [SAME]: ["·", ""], [ADDED]: ["+", "is-in-place"],
    }[state] || [LETTERS[state], "is-" + effects[state].name];
    element.textContent = look[0];
    if (look[1]) element.classList.add(look[1]);
  }

  function wordsOf(state) {
    return { [SAME]: "the same", [ADDED]: "added" }[state] || effects[state].words;
  }

  // What is known of each object beside what the data says.
  const titles = objects.map((object) => {
    const namespace = namespaces[object.namespace];
    return (namespace ? namespace + "/" : "") + object.name;
  });
  const names = objects.map((object, at) => `${kinds[object.kind].join(" ")} ${titles[at]} ${object.was || ""} ${object.fate}`.toLowerCase());
  const told = changes.map((change) => [
    change.path, change.old, change.new, change.note, change.place === undefined ? "" : places[change.place],
    effects[change.effect].words, ...(change.lines || []).map((line) => line[1]),
  ].filter(Boolean).join("\n").toLowerCase());
  const worst = objects.map((object) => object.changes.reduce((most, at) => Math.max(most, changes[at].effect), 0));
  const bits = objects.map((object) => object.changes.reduce((all, at) => all | (1 << changes[at].effect), 0));
  const groupBits = groups.map((group) => group.changes.reduce((all, at) => all | (1 << changes[at].effect), 1 << group.effect));

  const wanted = { effects: 0, kind: -1, namespace: -1, text: "", cell: null };

  // ---------------------------------------------------------------- effects

  const tiles = [];
  for (let at = effects.length - 1; at >= 0; at--) {
    const effect = effects[at];
    if (!effect.objects) continue;
    const tile = make("button", "effect", mark(at),
      make("span", "words", effect.words),
      make("span", "number", count(effect.objects, "object") + (effect.pods ? `, ${count(effect.pods, "pod")}` : "")),
      make("span", "meaning", effect.meaning));
    tile.type = "button";
    tile.dataset.effect = effect.name;
    tile.setAttribute("aria-pressed", "false");
    tile.title = `Show only: ${effect.words}`;
    tile.addEventListener("click", () => {
      wanted.effects ^= 1 << at;
      tile.setAttribute("aria-pressed", String(Boolean(wanted.effects & (1 << at))));
      show();
    });
    tiles.push(tile);
    byId("effects").append(tile);
  }
  if (!tiles.length) byId("effects").append(make("p", "quiet", "Nothing differs."));

  // ---------------------------------------------------------------- filters

  function options(select, labels) {
    const counts = labels.map(() => 0);
    for (const object of objects) counts[object[select.id]]++;
    const order = labels.map((label, at) => at).filter((at) => counts[at]);
    order.sort((one, other) => (labels[one] < labels[other] ? -1 : 1));
    for (const at of order) {
      const option = make("option", "", `${labels[at]} (${number.format(counts[at])})`);
      option.value = at;
      select.append(option);
    }
    select.addEventListener("change", () => {
      wanted[select.id] = select.value === "" ? -1 : Number(select.value);
      show();
    });
  }
  const doubled = (kind) => kinds.some((other) => other[0] === kind[0] && other[1] !== kind[1]);
  options(byId("kind"), kinds.map((kind) => (doubled(kind) ? `${kind[0]} (${kind[1]})` : kind[0])));
  options(byId("namespace"), namespaces.map((namespace) => namespace || "(none)"));

  let waiting = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      wanted.text = byId("search").value.trim().toLowerCase();
      show();
    }, 120);
  });
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    Object.assign(wanted, { effects: 0, kind: -1, namespace: -1, text: "" });
    choose(null);
    for (const tile of tiles) tile.setAttribute("aria-pressed", "false");
    for (const id of ["kind", "namespace", "search"]) byId(id).value = "";
    show();
    byId("search").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      byId("search").focus();
    }
  });

  // ---------------------------------------------------------------- what is shown

  /** Returns for each object whether the filters but for the text let it through. */
  function passing() {
    const inside = wanted.cell && new Set(wanted.cell.differ);
    return objects.map((object, at) =>
      (wanted.kind < 0 || object.kind === wanted.kind)
      && (wanted.namespace < 0 || object.namespace === wanted.namespace)
      && (!inside || inside.has(at)));
  }

  let shown = [];
  function show() {
    const pass = passing();
    const { text } = wanted;
    const named = text ? names.map((name) => name.includes(text)) : null;
    const said = text ? told.map((line) => line.includes(text)) : null;
    const seen = new Uint8Array(objects.length);
    shown = [];
    groups.forEach((group, at) => {
      if (wanted.effects && !(wanted.effects & groupBits[at])) return;
      const all = text && group.changes.some((change) => said[change]);
      // Where values differ from object to object, the group's own line shows one of them only.
      const own = Boolean(text && group.values);
      const fits = (object) => pass[object] && (!text || all || named[object] || (own && objects[object].changes.some((change) => said[change])));
      const members = group.members.filter(fits);
      const followers = (group.followers || []).filter(fits);
      if (!members.length && !followers.length) return;
      for (const object of members) seen[object] = 1;
      for (const object of followers) seen[object] = 1;
      shown.push({ at, group, members, followers });
    });
    const total = seen.reduce((sum, each) => sum + each, 0);
    const filtered = Boolean(wanted.effects || text || wanted.cell || wanted.kind >= 0 || wanted.namespace >= 0);
    const about = wanted.cell ? ` of ${wanted.cell.title}` : "";
    byId("count").textContent = filtered
      ? `${count(shown.length, "group")} with ${number.format(total)} of ${count(objects.length, "object")}${about}`
      : `${count(shown.length, "group")} with ${count(total, "object")}`;
    byId("count").dataset.objects = total;
    byId("count").dataset.groups = shown.length;
    byId("clear").disabled = !filtered;
    for (const cell of cells) cell.element.classList.toggle("dim", filtered && !cell.differ.some((object) => seen[object]));
    const list = byId("groups");
    list.replaceChildren();
    if (!shown.length) list.append(make("p", "message", objects.length ? "Nothing fits these filters." : "Both sides are the same."));
    batch(list, shown, GROUPS, "group", groupElement);
  }

  /** Appends the first items, and a button for more of them. */
  function batch(list, items, size, word, element, from = 0, after = list) {
    list.append(...items.slice(from, from + size).map(element));
    const next = from + size;
    if (next >= items.length) return;
    const more = make("button", "more", `Show ${count(Math.min(size, items.length - next), `more ${word}`)} (${number.format(items.length - next)} left)`);
    more.type = "button";
    more.addEventListener("click", () => {
      const last = list.lastElementChild === more ? more.previousElementSibling : list.lastElementChild;
      more.remove();
      batch(list, items, size, word, element, next, after);
      // The focus goes on to what has come.
      last?.nextElementSibling?.querySelector("summary")?.focus();
    });
    after.append(more);
  }

  /** Fills a `details` when it is opened for the first time. */
  function lazy(details, fill) {
    details.fill = () => {
      if (details.filled) return;
      details.filled = true;
      details.append(fill());
    };
    details.addEventListener("toggle", () => { if (details.open) details.fill(); });
    return details;
  }

  function groupElement({ group, members, followers }) {
    const whole = group.fate === "added" || group.fate === "removed";
    const effect = group.fate === "added" && group.effect === 2 ? ADDED : group.effect;
    const part = members.length < group.members.length ? `${number.format(members.length)} shown` : "";
    const paths = [...new Set(group.changes.map((at) => changes[at].path).filter(Boolean))];
    const rest = paths.length > PATHS ? `, … (${number.format(paths.length)})` : "";
    const summed = whole ? group.fate : paths.slice(0, PATHS).join(", ") + rest;
    const aside = [part, group.pods && group.effect >= 3 ? count(group.pods, "pod") : ""].filter(Boolean).join(", ");
    const summary = make("summary", "", mark(effect),
      make("span", "subject", group.subject, make("span", "summed", `${wordsOf(effect)}${summed && summed !== wordsOf(effect) ? ": " + summed : ""}`)),
      make("span", "aside", aside));
    return lazy(make("details", "group", summary), () => {
      const only = group.members.length === 1 && !followers.length && objects[group.members[0]];
      if (only && only.changes.length === group.changes.length) return objectInside(group.members[0]);
      const inside = make("div", "inside");
      inside.append(make("ul", "changes", ...group.changes.map((at, index) => changeElement(changes[at], group.fate, group.values?.[index]))));
      if (group.demand) inside.append(make("p", "quiet", `All together: ${group.demand}`));
      if (members.length) {
        inside.append(make("h4", "", count(members.length, "object")), objectList(members));
      }
      if (followers.length) {
        inside.append(make("h4", "", `${count(followers.length, "object")} that only ${followers.length === 1 ? "follows" : "follow"} the new name`), objectList(followers));
      }
      return inside;
    });
  }

  function objectList(members) {
    const list = make("ul", "objects");
    const around = make("div", "", list);
    batch(list, members, OBJECTS, "object", (at) => make("li", "", objectElement(at)), 0, around);
    return around;
  }

  function objectElement(at) {
    const object = objects[at];
    const summary = make("summary", "", mark(worst[at]),
      make("span", "name", `${kinds[object.kind][0]} ${titles[at]}`),
      make("span", "aside", object.fate));
    return lazy(make("details", "object", summary), () => objectInside(at));
  }

  function objectInside(at) {
    const object = objects[at];
    const where = object.place === undefined ? "" : `, ${places[object.place]}`;
    const inside = make("div", "inside", make("p", "place", `${kinds[object.kind][1]}${object.was ? `, was ${object.was}` : ""}${where}`));
    const worstFirst = [...object.changes].sort((one, other) => changes[other].effect - changes[one].effect);
    inside.append(make("ul", "changes", ...worstFirst.map((change) => changeElement(changes[change], object.fate))));
    return inside;
  }

  function changeElement(change, fate, values) {
    const body = make("div", "body");
    const lines = change.lines || [];
    if (change.old !== undefined) {
      body.append(make("div", "path", change.path),
        make("div", "values", make("del", "", change.old), " → ", make("ins", "", change.new)));
    } else if (!change.path) {
      if (!change.note || fate !== "changed") body.append(make("div", "path", fate));
    } else if (lines.length && !lines[0][1].startsWith(change.path)) {
      body.append(make("div", "path", change.path));
    }
    if (lines.length) {
      const tags = { "+": "ins", "-": "del" };
      body.append(make("pre", "", ...lines.map(([sign, line]) => make(tags[sign] || "span", "", `${sign === "~" ? " " : sign} ${line}`))));
    }
    if (values > 1) body.append(make("div", "quiet", `one of ${number.format(values)} pairs of values`));
    if (change.note) body.append(make("div", "note", ...quoted(change.note)));
    if (change.place !== undefined) body.append(make("div", "place", places[change.place]));
    const sign = mark(change.effect);
    sign.title = effects[change.effect].words;
    sign.append(make("span", "unseen", ` ${effects[change.effect].words}`));
    return make("li", "", make("div", "change", sign, body));
  }

  // ---------------------------------------------------------------- instances

  let cells = [];

  function choose(cell) {
    for (const each of cells) {
      each.element.classList.toggle("chosen", each === cell);
      each.element.setAttribute("aria-selected", String(each === cell));
    }
    wanted.cell = cell;
  }

  function stateOf(differ, same) {
    if (!differ.length) return SAME;
    const most = differ.reduce((all, at) => Math.max(all, worst[at]), 0);
    if (!same && most <= 2 && differ.every((at) => objects[at].fate === "added")) return ADDED;
    return most;
  }

  const states = new Set();
  for (const { name, axes, cells: all } of batches) {
    if (!all.some((cell) => cell[1].length)) continue;
    // The longest axis that fits goes across, or the shortest where none does.
    const order = axes.map((axis, at) => at);
    const long = (at) => axes[at].values.length;
    const fitting = order.filter((at) => long(at) <= 40);
    const across = axes.length < 2 ? -1
      : fitting.length ? fitting.reduce((one, other) => (long(other) >= long(one) ? other : one))
        : order.reduce((one, other) => (long(other) < long(one) ? other : one));
    const down = order.filter((at) => at !== across);
    const chips = axes.length === 1 && long(0) <= 60;

    const section = make("div", "batch");
    const title = make("h3", "", name || "Instances");
    const tally = new Map();
    for (const [, differ, same] of all) {
      const state = stateOf(differ, same);
      states.add(state);
      tally.set(state, (tally.get(state) || 0) + 1);
    }
    // Row by row, so that the first of very many are whole rows.
    const places = [...down, across].filter((axis) => axis >= 0);
    const rowwise = across < 0 ? all : [...all].sort((one, other) => {
      const axis = places.find((axis) => one[0][axis] !== other[0][axis]);
      return axis === undefined ? 0 : one[0][axis] - other[0][axis];
    });
    const told = make("p", "told quiet");
    const grid = make("div", across < 0 ? "grid strip" : "grid");
    grid.setAttribute("role", "grid");
    const rows = new Map();
    const matrix = [];

    function cellElement([at, differ, same]) {
      const state = stateOf(differ, same);
      const element = make("div", "mark");
      paint(element, state);
      const place = at.map((value, axis) => `${axes[axis].name} = ${axes[axis].values[value]}`).join(", ");
      const title = (name ? `${name}, ` : "") + place;
      if (chips) {
        element.classList.add("chip");
        element.replaceChildren(make("b", "", element.textContent), make("span", "", axes[0].values[at[0]]));
      }
      const text = `${place}: ${wordsOf(state)}` + (differ.length ? `, ${count(differ.length, "object")} of ${number.format(differ.length + same)}` : "");
      element.setAttribute("role", "gridcell");
      element.setAttribute("aria-label", text);
      element.title = text;
      element.tabIndex = -1;
      const cell = { element, differ, title, text };
      element.cell = cell;
      cells.push(cell);
      return element;
    }

    const build = (limit) => {
      cells = cells.filter((cell) => !grid.contains(cell.element));
      grid.replaceChildren();
      rows.clear();
      matrix.length = 0;
      if (across < 0) {
        const row = make("div", "row");
        row.setAttribute("role", "row");
        const line = rowwise.slice(0, limit).map(cellElement);
        row.append(...line);
        grid.append(row);
        matrix.push(line);
      } else {
        grid.style.gridTemplateColumns = `max-content repeat(${long(across)}, 1.45rem)`;
        const head = make("div", "row", make("span", "head"));
        head.setAttribute("role", "row");
        const upright = axes[across].values.some((value) => value.length > 2);
        for (const value of axes[across].values) {
          const label = make("span", upright ? "head column upright" : "head column", value);
          label.setAttribute("role", "columnheader");
          label.title = value;
          head.append(label);
        }
        grid.append(head);
        for (const cell of rowwise.slice(0, limit)) {
          const key = down.map((axis) => cell[0][axis]).join(" ");
          if (!rows.has(key)) rows.set(key, { label: down.map((axis) => axes[axis].values[cell[0][axis]]).join(" · "), line: [] });
          rows.get(key).line[cell[0][across]] = cellElement(cell);
        }
        for (const { label, line } of rows.values()) {
          const first = make("span", "head line", label);
          first.setAttribute("role", "rowheader");
          first.title = label;
          const row = make("div", "row", first);
          row.setAttribute("role", "row");
          for (let at = 0; at < long(across); at++) row.append(line[at] || make("span"));
          grid.append(row);
          matrix.push(Array.from({ length: long(across) }, (_, at) => line[at]));
        }
      }
      const first = matrix.flat().find(Boolean);
      if (first) first.tabIndex = 0;
    };
    build(CELLS);

    // One cell is a stop of the tabulator; arrows go from there.
    const move = (from, key) => {
      const y = matrix.findIndex((line) => line.includes(from));
      const x = matrix[y].indexOf(from);
      const wide = across < 0 ? Math.max(1, matrix[0].filter((cell) => cell.offsetTop === matrix[0][0].offsetTop).length) : 0;
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: wide ? [0, -wide] : [-1, 0], ArrowDown: wide ? [0, wide] : [1, 0] }[key];
      if (key === "Home") return matrix[y].find(Boolean);
      if (key === "End") return matrix[y].findLast(Boolean);
      for (let [row, column] = [y + step[0], x + step[1]]; matrix[row] && column >= 0 && column < matrix[row].length; row += step[0], column += step[1]) {
        if (matrix[row][column]) return matrix[row][column];
      }
      return null;
    };
    const pick = (cell) => {
      choose(wanted.cell === cell ? null : cell);
      show();
    };
    grid.addEventListener("keydown", (event) => {
      const cell = event.target.cell;
      if (!cell) return;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        pick(cell);
      } else if (/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) {
        event.preventDefault();
        const next = move(event.target, event.key);
        if (!next) return;
        event.target.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
      }
    });
    grid.addEventListener("click", (event) => {
      const element = event.target.closest("[role=gridcell]");
      if (element) pick(element.cell);
    });
    const tell = (event) => { told.textContent = event.target.closest("[role=gridcell]")?.cell.text || ""; };
    grid.addEventListener("focusin", tell);
    grid.addEventListener("mouseover", tell);

    const axesText = axes.map((axis) => `${axis.name} (${number.format(axis.values.length)})`).join(" × ");
    const summary = make("p", "quiet");
    summary.id = `batch-${byId("pictures").children.length}`;
    const sum = () => {
      const parts = [...tally].sort((one, other) => other[0] - one[0]).map(([state, many]) => `${wordsOf(state)} ${number.format(many)}`);
      summary.textContent = `${count(all.length, "instance")} along ${axesText}: ${parts.join(", ")}`;
    };
    sum();
    grid.setAttribute("aria-label", `Instances${name ? ` of ${name}` : ""}`);
    grid.setAttribute("aria-describedby", summary.id);
    section.append(title, summary, make("div", "scroll", grid));
    if (all.length > CELLS) {
      const more = make("button", "more", `Show all ${count(all.length, "instance")}`);
      more.type = "button";
      more.addEventListener("click", () => {
        choose(null);
        build(all.length);
        sum();
        more.remove();
        show();
      });
      summary.append(` (the first ${number.format(CELLS)} are shown)`);
      section.append(more);
    }
    section.append(told);
    byId("pictures").append(section);
  }
  if (states.size) {
    byId("batches").hidden = false;
    for (const state of [...states].sort((one, other) => other - one)) {
      byId("legend").append(make("span", "", mark(state), wordsOf(state)));
    }
  }

  // ---------------------------------------------------------------- the page

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const switched = () => byId("theme").setAttribute("aria-pressed", String(isDark()));
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    switched();
  });
  dark.addEventListener("change", switched);
  switched();

  // Paper cannot be opened: what is listed is printed with its changes.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.group:not([open])")];
    for (const details of opened) { details.fill(); details.open = true; }
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened = [];
  });

  show();
  document.documentElement.dataset.ready = "true";
})();
