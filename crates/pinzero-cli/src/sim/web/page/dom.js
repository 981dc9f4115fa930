// Makes elements.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** Returns an element of HTML. A function among the attributes is a listener. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Returns an element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export const byId = (id) => document.getElementById(id);

/** Sets a text, unless the element has it already: screen readers and the layout are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Returns a text for people: `seven_segment_display` is `seven segment display`, `dht22` is `DHT22`. */
export const words = (name) => name.replace(/^(dht|tmp)\d+$/, (product) => product.toUpperCase()).replaceAll("_", " ").replace(/^rgb/, "RGB").replace(/^led/, "LED").replace(/ led$/, " LED");

/** Whether the user asked for less motion. */
export const calm = matchMedia("(prefers-reduced-motion: reduce)");
