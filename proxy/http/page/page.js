// Asks /api/v1/groups once a second. Values reach the page as text nodes only, so a node's error line cannot become markup.
"use strict";

const byId = id => document.getElementById(id);

function element(tag, text, cls) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
}

const colours = {open: "ok", up: "ok", held: "warn", closed: "bad", down: "bad", unusable: "bad"};
const colour = word => colours[word] || "warn";

function ago(now, then) {
  const s = Math.max(0, (Date.parse(now) - Date.parse(then)) / 1000 | 0);
  return s < 60 ? s + "s" : s < 3600 ? (s / 60 | 0) + "m" : s < 86400 ? (s / 3600 | 0) + "h" : (s / 86400 | 0) + "d";
}

function lag(node) {
  const parts = [];
  if (node.lag_bytes !== null) parts.push(node.lag_bytes + " B");
  if (node.lag_transactions !== null) parts.push(node.lag_transactions + " trx");
  if (node.lag_seconds !== null) parts.push(node.lag_seconds.toFixed(1) + " s");
  return parts.join(", ") || "–";
}

// Of a node that is down only what it was last seen as is known.
function role(node) {
  const was = node.health === "down" && node.role !== "unknown";
  const text = (was ? "was " : "") + node.role + (node.rogue ? " (rogue)" : "");
  const cell = element("td");
  cell.append(element(node.role === "master" && !was ? "b" : "span", text));
  return cell;
}

function nodeRow(node, now) {
  const row = element("tr");
  const health = element("td", node.health, colour(node.health));
  if (node.text) health.title = node.text;
  row.append(element("td", node.name), element("td", node.address), role(node), health, element("td", lag(node)),
             element("td", node.sessions), element("td", ago(now, node.since)));
  return row;
}

function nodeTable(group, now) {
  const table = element("table"), head = element("tr");
  for (const name of ["node", "address", "role", "health", "lag", "sessions", "since"]) head.append(element("th", name));
  table.append(head, ...group.nodes.map(node => nodeRow(node, now)));
  return table;
}

function outlook(died) {
  if (died.held_back) return "If the master died now: nothing would be done: " + died.held_back_text + ".";
  if (died.candidate) return "If the master died now: " + died.candidate + " would become master.";
  return "If the master died now: no node could become master.";
}

function pills(group) {
  const all = [element("span", group.route.state, "pill " + colour(group.route.state))];
  if (group.paused) all.push(element("span", "paused", "pill warn"));
  if (group.tilt) all.push(element("span", "tilt", "pill bad"));
  if (group.mode !== "auto") all.push(element("span", group.mode, "pill warn"));
  return all;
}

function section(group, now) {
  const made = element("section"), died = group.if_master_died;
  const why = group.route.state === "open" ? "" : " · " + group.route.text;
  const line = group.kind + " · epoch " + group.epoch + " · for " + ago(now, group.route.since) + " · " + group.listen + why;
  made.append(element("h2", group.name), ...pills(group), element("p", line, "dim"), nodeTable(group, now));
  made.append(element("p", outlook(died), died.candidate && !died.held_back ? "ok" : "bad"));
  for (const rejection of died.rejected)
    if (rejection.reason !== "is_master") made.append(element("p", rejection.node + " not: " + rejection.text, "dim"));
  for (const finding of group.findings) made.append(element("p", finding, "warn"));
  return made;
}

async function tick() {
  const state = byId("state");
  try {
    const response = await fetch("api/v1/groups", {cache: "no-store"});
    if (!response.ok) throw new Error(response.status);
    const document_ = await response.json();
    byId("proxy").textContent = document_.proxy;
    byId("groups").replaceChildren(...document_.groups.map(group => section(group, document_.time)));
    state.textContent = new Date(document_.time).toLocaleTimeString();
    state.className = "";
  } catch (error) {
    state.textContent = "no answer";
    state.className = "bad";
  }
  setTimeout(tick, 1000);
}

tick();
