import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "urql";
import "@xyflow/react/dist/base.css";
import { client } from "./api";
import { ahead } from "./data";
import { Investigation } from "./investigation";
import { Start } from "./start";
import { useUrlState } from "./state";
import "./style.css";
import { applyTheme } from "./theme";
import { parse } from "./url";

function Screen() {
  const [state, update] = useUrlState();
  if (!state) return null;
  return state.of.length ? <Investigation state={state} update={update} /> : <Start state={state} update={update} />;
}

applyTheme();
void parse(location).then(ahead);
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Provider value={client}>
      <Screen />
    </Provider>
  </StrictMode>,
);
