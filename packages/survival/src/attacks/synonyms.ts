import { below } from "../random.js";
import type { Attack } from "./attack.js";
import { eachWord, inCaseOf } from "./words.js";

/**
 * Words that may stand for one another in much English prose. A small table made by hand: it knows no grammar and no
 * sense, leaves most words alone, and so paraphrases less, and worse, than a language model or a thesaurus would.
 */
const GROUPS = `
big large great huge
small little tiny
important significant crucial essential vital key
help assist support aid
helps assists supports aids
helping assisting supporting aiding
use employ apply utilize
using employing applying utilizing
used employed applied utilized
show demonstrate reveal display
shows demonstrates reveals displays
make create produce build
makes creates produces builds
making creating producing building
made created produced built
get obtain receive gain
give provide offer supply
gives provides offers supplies
giving providing offering supplying
need require want
needs requires wants
start begin commence
starts begins
started began
end finish conclude
keep maintain preserve retain
keeping maintaining preserving retaining
improve enhance boost
improves enhances boosts
improving enhancing boosting
increase raise grow
reduce lower decrease lessen
reducing lowering decreasing lessening
ensure guarantee secure
ensures guarantees secures
allow permit let enable
allows permits lets enables
allowing permitting letting enabling
include contain involve
includes contains involves
including containing involving
understand grasp comprehend
understanding comprehension insight
consider weigh contemplate
choose select pick
choosing selecting picking
find discover locate
finding discovering locating
think believe feel
know understand realize
learn study discover
work labor toil
job task position
way method manner approach
ways methods manners approaches
idea concept notion thought
ideas concepts notions thoughts
part portion piece section
parts portions pieces sections
area region zone field
areas regions zones fields
place location spot site
places locations spots sites
people individuals persons folks
person individual human
child kid youngster
children kids youngsters
problem issue difficulty challenge
problems issues difficulties challenges
goal aim objective target
goals aims objectives targets
result outcome effect consequence
results outcomes effects consequences
reason cause ground
reasons causes grounds
benefit advantage gain
benefits advantages gains
skill ability talent
skills abilities talents
step stage phase
steps stages phases
many numerous several various
several multiple various
often frequently regularly
usually generally typically normally
also additionally too
however nevertheless still yet
therefore thus hence consequently
because since as
quickly rapidly swiftly fast
slowly gradually
easily readily simply
very extremely highly really
good fine excellent
better superior finer
best finest top
bad poor harmful
new novel fresh recent
old ancient aged
different distinct diverse varied
similar alike comparable
common usual ordinary
unique distinctive singular
main primary chief principal
whole entire complete full
simple easy plain
difficult hard tough challenging
possible feasible potential
necessary needed required essential
strong powerful robust
healthy fit sound
beautiful lovely attractive pretty
happy glad cheerful joyful
rich wealthy affluent
clear plain evident obvious
specific particular certain
world globe earth
country nation state
city town
house home dwelling
road street way
food meals nourishment
money funds cash
company firm business
information data details
story tale account
stories tales accounts
history past
future years
time period moment
day date
today now currently
enough sufficient adequate
about regarding concerning around
between among amid
during throughout
while whereas though
must should
`
  .trim()
  .split("\n")
  .map((line) => line.split(" "));

const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map(
  GROUPS.flatMap((group) =>
    group.map((word) => [word, group.filter((other) => other !== word)] as const),
  ),
);

/** Synonyms from a small table in place of words; words that are not in it stay. */
export const synonyms: Attack = {
  name: "synonyms (small table)",
  unit: "word",
  apply: (text, options) =>
    eachWord(text, options, (word) => {
      const others = SYNONYMS.get(word.toLowerCase());
      return others === undefined
        ? word
        : inCaseOf(word, others[below(options.random, others.length)]);
    }),
};
