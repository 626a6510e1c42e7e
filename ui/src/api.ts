// Asking the API. Every answer on the screen comes through here.

import { Client, fetchExchange, type CombinedError } from "@urql/core";
import { memory } from "./memory";

const tokenKey = "blastradius.token";

/** The bearer token, kept as long as the tab is open. */
export const token = {
  load: (): string => sessionStorage.getItem(tokenKey) ?? "",
  save: (value: string): void => (value ? sessionStorage.setItem(tokenKey, value) : sessionStorage.removeItem(tokenKey)),
};

/** How long an answer may take before the screen says that it did not come. */
export const PATIENCE = 30_000;

export const client = new Client({
  url: "/graphql",
  exchanges: [memory, fetchExchange],
  preferGetMethod: false,
  fetchOptions: (): RequestInit => (token.load() ? { headers: { Authorization: `Bearer ${token.load()}` } } : {}),
  // A question that nobody waits for any more still ends: its answer is kept.
  fetch: (input, init) => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new DOMException("no answer", "TimeoutError")), PATIENCE);
    return fetch(input, { ...init, signal: stop.signal });
  },
});

/** What went wrong, for people: a code, what happened, what to do. */
export interface Trouble {
  code: string;
  message: string;
  hint: string;
}

export function trouble(error: CombinedError | undefined): Trouble | undefined {
  if (!error) return undefined;
  const first = error.graphQLErrors[0];
  if (first) {
    const ext = first.extensions as { code?: string; hint?: string };
    return { code: ext.code ?? "INTERNAL", message: first.message, hint: ext.hint ?? "" };
  }
  if (error.networkError?.name === "TimeoutError") {
    return { code: "TIMEOUT", message: `No answer within ${PATIENCE / 1000} s.`, hint: "Narrow the window, then try again." };
  }
  if (error.response?.status === 401) return { code: "UNAUTHORIZED", message: "This server wants a token.", hint: "Paste the bearer token that its operator gave you." };
  return { code: "UNAVAILABLE", message: "The server did not answer.", hint: "What you see is the last answer. Check that blastradius serve still runs, then try again." };
}
