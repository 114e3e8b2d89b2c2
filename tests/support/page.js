// Runs the script of /docs without a browser: just as much of a document as it uses.
// node page.js SCRIPT OPENAPI < nothing; prints what the page then shows, as JSON.
"use strict";
const fs = require("fs");

class Node {
  constructor(name) {
    this.name = name;
    this.children = [];
    this.listeners = {};
    this.hidden = false;
    this.value = "";
  }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  hasChildNodes() { return this.children.length > 0; }
  addEventListener(type, listener) { this.listeners[type] = listener; }
  fire(type, event) { return this.listeners[type]({ preventDefault() {}, target: this, ...event }); }
  get childNodes() { return this.children.filter((child) => child instanceof Node); }
  all(name) { return this.childNodes.flatMap((child) => [...(child.name === name ? [child] : []), ...child.all(name)]); }
  querySelectorAll(selector) {
    if (selector === "main > section") return known.main.childNodes.filter((child) => child.name === "section");
    return this.childNodes.filter((child) => child.name === "details" && !(selector.includes("not(") && child.hidden));
  }
  querySelector(selector) { return this.querySelectorAll(selector)[0] || null; }
  get text() { return (this.textContent || "") + this.children.map((child) => (child instanceof Node ? child.text : child)).join(""); }
}

const known = Object.fromEntries(["main", "top", "search", "key", "status"].map((id) => [id, new Node(id)]));
const asked = [];
Object.assign(globalThis, {
  location: { hash: "" },
  document: {
    createElement: (name) => new Node(name),
    getElementById: (id) => known[id],
    querySelectorAll: (selector) => new Node("document").querySelectorAll(selector),
  },
  fetch: async (path, options) => {
    asked.push({ path, ...options });
    return {
      status: 200, statusText: "OK", text: async () => '{"a":1}',
      json: async () => JSON.parse(fs.readFileSync(process.argv[3], "utf8")),
    };
  },
});
process.on("unhandledRejection", (error) => { throw error; });
(0, eval)(fs.readFileSync(process.argv[2], "utf8"));

async function look() {
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const sections = known.main.childNodes;
  const operations = sections.flatMap((section) => section.childNodes.filter((child) => child.name === "details"));
  for (const one of operations) {
    one.open = true;
    one.fire("toggle");
  }
  known.search.value = "post execute";
  known.search.fire("input");
  const found = operations.filter((one) => !one.hidden).map((one) => one.children[0].text);
  const execute = operations.find((one) => one.id === "post_api_v2_execute");
  const form = execute.all("form")[0];
  known.key.value = "secret";
  await form.fire("submit");
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  process.stdout.write(JSON.stringify({
    status: known.status.text, sections: sections.map((one) => one.children[0].text), operations: operations.map((one) => one.children[0].text),
    details: Object.fromEntries(operations.map((one) => [one.id, one.children[1].text])), found, sent: asked[1], shown: form.all("pre")[0].text,
  }));
}
look();
