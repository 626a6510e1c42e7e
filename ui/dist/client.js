// Asking the API: one function, used by both pages.

const tokenKey = "blastradius.token";

export const token = {
  load: () => sessionStorage.getItem(tokenKey) || "",
  save: (value) => value ? sessionStorage.setItem(tokenKey, value) : sessionStorage.removeItem(tokenKey),
};

// ask sends a query and returns {data, errors}; a transport error comes in the
// same shape as the API's own.
export async function ask(query, variables, signal) {
  const headers = { "Content-Type": "application/json" };
  if (token.load()) headers.Authorization = "Bearer " + token.load();
  try {
    const res = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }), signal });
    return await res.json();
  } catch (err) {
    return { errors: [{ message: "the server did not answer: " + err.message, extensions: { code: "UNAVAILABLE" } }] };
  }
}

// named fetches the text of a named document, the same that the command line
// sends.
export async function named(name) {
  const res = await fetch("/documents/" + name + ".graphql");
  if (!res.ok) throw new Error("no document " + name);
  return res.text();
}

// element makes an element. Children are nodes or text; text always becomes a
// text node, as labels come from logs and are not to be trusted.
export function element(tag, attributes, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) el.setAttribute(name, value);
  el.append(...children.filter((c) => c !== null && c !== undefined && c !== "").map((c) => c instanceof Node ? c : shown(String(c))));
  return el;
}

// shown spells out what would change how the rest is read: control, bidirectional
// and zero-width characters.
export function shown(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => "\\u" + c.codePointAt(0).toString(16).padStart(4, "0"));
}
