/**
 * The page's only code: arrow keys, two buttons or a click choose a token, and a status line says what it showed. The
 * rest of the page works without it.
 */
export const SCRIPT = `
const tokens = [...document.querySelectorAll(".tokens span")];
const bar = document.getElementById("choose");
if (tokens.length > 0 && bar) {
  const data = JSON.parse(document.getElementById("token-data").textContent);
  const readout = document.getElementById("readout");
  let at = 0;
  const choose = (i) => {
    tokens[at].tabIndex = -1;
    at = Math.max(0, Math.min(tokens.length - 1, i));
    tokens[at].tabIndex = 0;
    tokens[at].focus();
    const { className, textContent } = tokens[at];
    readout.textContent =
      "Token " + (at + 1) + " of " + tokens.length + ", “" + textContent + "”: " +
      data.words[className] + ". log10 E so far: " + data.log10E[at] + ".";
  };
  tokens[0].tabIndex = 0;
  tokens.forEach((token, i) => token.addEventListener("click", () => choose(i)));
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10, Home: -Infinity, End: Infinity };
  document.querySelector(".text").addEventListener("keydown", (event) => {
    if (!(event.key in steps) || event.target.tagName !== "SPAN") return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    choose(at + steps[event.key]);
  });
  document.getElementById("previous").addEventListener("click", () => choose(at - 1));
  document.getElementById("next").addEventListener("click", () => choose(at + 1));
  bar.hidden = false;
}
`;
