// The query editor, bundled and offline, with one example for each question: the
// same documents that the command line sends.

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/graphiql.css";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { token } from "./api";
import "./graphiql.css";
import { applyTheme } from "./theme";

const fetcher = createGraphiQLFetcher({ url: "/graphql", headers: token.load() ? { Authorization: `Bearer ${token.load()}` } : {} });

/** Values for the variables that a document cannot do without, on the demo world. */
const examples: Record<string, unknown> = {
  resources: ["billing-ledger"], resource: "billing-ledger", of: ["billing-ledger"], from: ["billing-ledger"], cut: ["deploy-admin"], id: "deploy-admin", text: "billing",
};

function variablesOf(document: string): string {
  const out: Record<string, unknown> = {};
  for (const [, name] of document.matchAll(/\$(\w+): [\w[\]!]+!(?=[,)])/g)) if (name! in examples) out[name!] = examples[name!];
  if (/\$window:/.test(document)) out.window = { last: "4h" };
  return JSON.stringify(out, null, 2);
}

function Editor() {
  const [names, setNames] = useState<string[]>([]);
  const [picked, setPicked] = useState<{ name: string; query: string; variables: string }>();
  useEffect(() => {
    void fetch("/documents").then((r) => r.json()).then((all: string[]) => {
      setNames(all);
      void pick(new URLSearchParams(location.search).get("question") ?? "touched");
    });
  }, []);
  const pick = async (name: string) => {
    const query = await (await fetch(`/documents/${encodeURIComponent(name)}.graphql`)).text();
    setPicked({ name, query, variables: variablesOf(query) });
  };
  return (
    <>
      <header className="examples">
        <a href="/">blastradius</a>
        <label>example <select value={picked?.name ?? ""} onChange={(e) => void pick(e.target.value)}>{names.map((n) => <option key={n}>{n}</option>)}</select></label>
        <span>Ctrl-Enter runs it; the book icon opens the schema's docs.</span>
      </header>
      {picked && <GraphiQL key={picked.name} fetcher={fetcher} query={picked.query} variables={picked.variables} shouldPersistHeaders={false} />}
    </>
  );
}

applyTheme();
createRoot(document.getElementById("root")!).render(<Editor />);
