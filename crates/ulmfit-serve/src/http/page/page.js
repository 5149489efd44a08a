// The page's only script. Texts and names are put in as text, never as markup.
"use strict";

const at = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

let weighsWords = true;
let busy = false;

async function describe() {
  const response = await fetch("health");
  const { model } = await response.json();
  weighsWords = model.words;
  const kind = { single_label: "one of", multi_label: "any of", regression: "a number for" }[model.task];
  at("model").textContent = `${model.files.join(" + ") || "A model"}: ${kind} ${model.names.join(", ")}`;
}

// One row for each class: name, number, and a bar that only repeats the number.
function showOutputs(outputs, chosen) {
  const isClass = chosen !== null;
  at("outputs-title").textContent = isClass ? "Probabilities" : "Numbers";
  at("value-title").textContent = isClass ? "Probability" : "Value";
  const rows = Object.entries(outputs);
  if (isClass) rows.sort((a, b) => b[1] - a[1]);
  at("outputs").tBodies[0].replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement("tr");
    if (isClass && chosen.includes(name)) row.className = "of";
    const head = element("th", name);
    head.scope = "row";
    const bar = element("td", "", "bar");
    if (isClass) {
      const rail = element("div", "", "rail");
      const fill = element("div", "", "fill");
      fill.style.width = `${100 * value}%`;
      rail.append(fill);
      bar.append(rail);
    }
    bar.setAttribute("aria-hidden", "true");
    row.append(head, element("td", isClass ? percent(value) : String(value)), bar);
    return row;
  }));
}

// The text as it was typed, its words marked: the rules may have changed their case. A word that they have changed
// otherwise is shown as they have it.
function showWords(text, words) {
  const lower = text.toLowerCase();
  const source = lower.length === text.length ? lower : text;
  const parts = [];
  let cursor = 0;
  for (const { word, weight } of words) {
    const found = source.indexOf(source === lower ? word.toLowerCase() : word, cursor);
    // Only what is next in the text, but for marks that the rules leave out.
    const isNext = found >= 0 && found - cursor <= 20 && !/\w/.test(text.slice(cursor, found));
    const shown = isNext ? text.slice(found, found + word.length) : word;
    parts.push(document.createTextNode(isNext ? text.slice(cursor, found) : " "));
    if (isNext) cursor = found + word.length;
    const step = Math.min(4, Math.floor(weight * 5));
    parts.push(step > 0 && word.trim() ? element("mark", shown, `w${step}`) : document.createTextNode(shown));
  }
  at("words").replaceChildren(...parts);
  const top = words.filter((w) => w.weight > 0 && w.word.trim()).sort((a, b) => b.weight - a.weight).slice(0, 8);
  at("top").replaceChildren(...top.map((w) => element("li", `${w.word}: ${percent(w.weight)}`)));
}

function show(text, answer) {
  if ("values" in answer) {
    at("label").textContent = "Result";
    showOutputs(answer.values, null);
  } else {
    const chosen = answer.labels ?? [answer.label];
    const names = chosen.length > 0 ? chosen.join(", ") : "none of the classes";
    at("label").textContent = `${chosen.length === 1 ? "Label" : "Labels"}: ${names}`;
    showOutputs(answer.probabilities, chosen);
  }
  at("decided").hidden = !answer.words;
  if (answer.words) showWords(text, answer.words);
  at("result").hidden = false;
  // The reader is taken to the heading, and reads on from there.
  at("result").focus();
}

async function classify() {
  const text = at("text").value;
  const headers = { "Content-Type": "application/json" };
  if (at("token").value) headers.Authorization = `Bearer ${at("token").value}`;
  const body = JSON.stringify(weighsWords ? { text, words: true } : { text });
  const response = await fetch("predict", { method: "POST", headers, body });
  const answer = await response.json();
  if (response.status === 401) {
    at("access").hidden = false;
    at("token").focus();
    throw new Error("This server asks for a token. Enter it, then classify again.");
  }
  if (!response.ok) {
    throw new Error(`${answer.error}: expected ${answer.expected}, found ${answer.found}; ${answer.remedy}`);
  }
  show(text, answer);
}

async function submit(event) {
  event.preventDefault();
  if (busy) return;
  busy = true;
  // Not `disabled`: that would take the focus away.
  at("send").setAttribute("aria-disabled", "true");
  at("problem").textContent = "";
  at("status").textContent = "Classifying ...";
  try {
    await classify();
    at("status").textContent = `Done. ${at("label").textContent}.`;
  } catch (error) {
    at("status").textContent = "";
    at("result").hidden = true;
    const lost = error instanceof TypeError;
    at("problem").textContent = lost ? "The server does not answer. Is it still running?" : error.message;
  } finally {
    busy = false;
    at("send").removeAttribute("aria-disabled");
  }
}

at("form").addEventListener("submit", submit);
at("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("form").requestSubmit();
});
describe().catch(() => {
  at("problem").textContent = "The server does not answer. Is it still running?";
});
