// Writes src/gql.ts: a typed document for each file of src/queries, from the
// schema that the server is made of.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import * as documents from "@graphql-codegen/typed-document-node";
import { parse } from "graphql";

const scalars = { Time: "string" };
const files = readdirSync("src/queries").sort();
const out = await codegen({
  filename: "src/gql.ts",
  schema: parse(readFileSync("../schema.graphqls", "utf8")),
  documents: files.map((f) => ({ location: f, document: parse(readFileSync(`src/queries/${f}`, "utf8")) })),
  plugins: [
    { operations: { scalars, useTypeImports: true, skipTypename: true, enumsAsTypes: true } },
    { documents: { useTypeImports: true } },
  ],
  pluginMap: { operations, documents },
  config: { scalars, useTypeImports: true, skipTypename: true, enumsAsTypes: true },
});
writeFileSync("src/gql.ts", "// Written by codegen.mjs; do not edit.\n" + out);
