// Light or dark: as the system says, unless a person chose.

const key = "blastradius.theme";

export function applyTheme(): void {
  const t = localStorage.getItem(key);
  if (t === "light" || t === "dark") document.documentElement.dataset.theme = t;
  else delete document.documentElement.dataset.theme;
}

export function toggleTheme(): void {
  const dark = document.documentElement.dataset.theme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  localStorage.setItem(key, dark ? "light" : "dark");
  applyTheme();
}
