// One box for anything pasted: what fits exactly is asked at once, what fits
// several things is listed.

import { useCombobox } from "downshift";
import { useEffect, useRef, useState } from "react";
import { client } from "./api";
import { SearchDocument, type SearchQuery } from "./gql";
import { kinds, label, visible } from "./show";

type Hit = SearchQuery["search"]["nodes"][number];

export function SearchBox({ big, text: initialText, onAsk }: { big?: boolean; text: string; onAsk(id: string): void }) {
  const [hits, setHits] = useState<Hit[]>([]);
  const round = useRef(0);
  const look = async (text: string) => {
    const mine = ++round.current;
    if (text.trim().length < 2) return setHits([]);
    const r = await client.query(SearchDocument, { text: text.trim(), first: 12 }).toPromise();
    if (mine === round.current) setHits(r.data?.search.nodes ?? []);
  };
  const timer = useRef(0);
  const c = useCombobox<Hit>({
    items: hits,
    itemToString: (h) => h?.id ?? "",
    initialInputValue: initialText,
    onInputValueChange: ({ inputValue }) => {
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => void look(inputValue), 120);
    },
    onSelectedItemChange: ({ selectedItem }) => selectedItem && onAsk(selectedItem.id),
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <form className={big ? "search big" : "search"} role="search" onSubmit={(e) => { e.preventDefault(); if (c.inputValue.trim()) onAsk(c.inputValue.trim()); }}>
      <label {...c.getLabelProps()} className={big ? "" : "hush"}>What broke, or what do you suspect?</label>
      <div>
        <input {...c.getInputProps({
          onKeyDown: (e) => {
            if (e.key === "Enter" && c.highlightedIndex < 0) {
              (e.nativeEvent as unknown as { preventDownshiftDefault: boolean }).preventDownshiftDefault = true;
            }
          },
        })} data-key="search" spellCheck={false} autoComplete="off" placeholder="paste an ARN, a key id, a session, a name…" />
        <button>ask</button>
      </div>
      <ul {...c.getMenuProps({ "aria-label": "What it may be" })} className={c.isOpen && hits.length ? "hits" : "hits shut"}>
        {c.isOpen && hits.map((h, index) => (
          <li key={h.id} {...c.getItemProps({ item: h, index })} className={c.highlightedIndex === index ? "on" : undefined}>
            <span aria-hidden>{kinds[h.kind]!.glyph}</span> {label(h)} <small>{kinds[h.kind]!.word} · <span className="mono">{visible(h.id)}</span></small>
          </li>
        ))}
      </ul>
    </form>
  );
}
