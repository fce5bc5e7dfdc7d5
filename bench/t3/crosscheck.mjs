// The same answers judged by another implementation: crosscheck.py states Sander et al.'s rule in its own words.
//   node bench/t3/crosscheck.mjs PYTHON        writes bench/results/t3-crosscheck.json
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bindScheme, coinsOf, createKernel } from "@verdigris/core";
import { profileOf, testKey } from "../../fixtures/corpora/arms.mjs";
import { ARMS, PACKED, TOKENIZER, at, marksOf, readPlain, shortsOf } from "./arms.mjs";
import { questions } from "./questions.mjs";

const kernel = createKernel();
const schemes = new Map(
  [1, 2, 4].map((h) => [h, bindScheme(profileOf(h, TOKENIZER), testKey(), kernel)]),
);
const [python] = process.argv.slice(2);
const { students } = JSON.parse(readFileSync(at("bench/results/t3.json"), "utf8"));
const audits = students.flatMap((student) => student.audits);
const { read, free } = await questions();
const jobs = ["untrained", ...ARMS.map(({ name }) => name)]
  .filter((arm) => existsSync(PACKED(arm)))
  .flatMap((arm) => jobsOf(arm, JSON.parse(readPlain(PACKED(arm)))));
const found = JSON.parse(
  execFileSync(python, [at("bench/t3/crosscheck.py")], {
    input: JSON.stringify(jobs),
    maxBuffer: 1 << 28,
    encoding: "utf8",
  }),
);
const rows = jobs.map(({ arm, set, h, test }, i) => {
  const ours = audits.find(
    (one) => one.arm === arm && one.set === set && one.h === h && one.test === test,
  );
  const agrees = ({ n, log10P }) =>
    n === ours.n && Math.abs(log10P - ours.log10P) <= 1e-6 * (1 - ours.log10P);
  const { followed, ...other } = found[i];
  const common = { arm, set, h, test, n: ours.n, log10P: ours.log10P, other };
  // The one difference in the rules: whether a prompt's window that no ordinary token follows was shown.
  return { ...common, same: agrees(other), explained: agrees(followed) };
});
const agree = rows.filter(({ same }) => same).length;
const explained = rows.filter((row) => row.explained).length;
writeFileSync(
  at("bench/results/t3-crosscheck.json"),
  `${JSON.stringify({ version: 1, rule: "Sander et al. 2024", agree, explained, of: rows.length, rows }, null, 1)}\n`,
);
console.log(
  `${agree} of ${rows.length} audits agree in n and log10 p; ${explained} once prompts are read alike`,
);
for (const row of rows.filter(({ same }) => !same)) console.log(JSON.stringify(row));

/** Each position as the text before it, what was answered, and whether that answer is green: the key stays here. */
function jobsOf(arm, { sets, free: written }) {
  const reading = Object.entries(sets).flatMap(([set, { best, drawn }]) =>
    set === "held-out"
      ? []
      : marksOf(arm, set).flatMap((h) =>
          Object.entries({ best, drawn }).map(([test, tokens]) => ({
            arm,
            set,
            h,
            test,
            texts: readTexts(set, shortsOf(tokens), h),
          })),
        ),
  );
  const freely = marksOf(arm, "free").map((h) => ({
    arm,
    set: "free",
    h,
    test: "free",
    texts: freeTexts(shortsOf(written), h),
  }));
  return [...reading, ...freely];
}

function readTexts(set, answered, h) {
  let offset = 0;
  return read
    .find((question) => question.set === set)
    .texts.map(({ tokens, from }) => {
      const shown = tokens.slice(from);
      const own = Array.from(answered.subarray(offset, offset + shown.length));
      offset += shown.length;
      return { kind: "read", prompt: [], shown, answered: own, green: greenOf(shown, own, h) };
    });
}

function freeTexts(tokens, h) {
  const answers = [[]];
  for (const token of tokens) {
    if (token === 0) answers.push([]);
    else answers.at(-1).push(token);
  }
  return answers.slice(0, -1).map((own, i) => ({
    kind: "free",
    prompt: free[i],
    shown: own,
    answered: own,
    green: greenOf(own, own, h),
  }));
}

/** Per position: 1 if the answer after the h tokens shown before it is green, 0 if not; 0 where there are fewer. */
function greenOf(shown, answered, h) {
  const scheme = schemes.get(h);
  return answered.map((token, i) =>
    i < h ? 0 : coinsOf(scheme, Uint32Array.from([...shown.slice(i - h, i), token])).score[0],
  );
}
