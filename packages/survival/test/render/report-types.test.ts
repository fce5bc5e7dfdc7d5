import { describe, expect, test } from "vitest";
import { type Controls, type Report, nonEmpty } from "../../src/report.js";
import { reportFixture } from "./fixture.js";

const report = reportFixture();

/** Vitest only strips types: what compiles here is checked by `tsc -p tests`, a step of the workspace check. */
const accept = (candidate: Report): Report => candidate;
const omit = <K extends keyof Controls>(key: K): Omit<Controls, K> => {
  const { [key]: _left, ...rest } = report.controls;
  return rest;
};

describe("a report without its controls is not a report", () => {
  test("no control may be left out", () => {
    // @ts-expect-error no student of the unmarked teacher
    accept({ ...report, controls: omit("unmarkedTeacher") });
    // @ts-expect-error no untrained student
    accept({ ...report, controls: omit("untrained") });
    // @ts-expect-error no wrong keys
    accept({ ...report, controls: omit("wrongKeys") });
    // @ts-expect-error no teacher
    accept({ ...report, controls: omit("teacher") });
    // @ts-expect-error no innocent copier
    accept({ ...report, controls: omit("copier") });
    expect(Object.keys(report.controls)).toHaveLength(5);
  });

  test("no control may be empty", () => {
    // @ts-expect-error an empty list of controls
    accept({ ...report, controls: { ...report.controls, unmarkedTeacher: [] } });
    // @ts-expect-error an empty list of controls
    accept({ ...report, controls: { ...report.controls, untrained: [] } });
    // @ts-expect-error an empty list of controls
    accept({ ...report, controls: { ...report.controls, wrongKeys: [] } });
    // @ts-expect-error an empty list of controls
    accept({ ...report, controls: { ...report.controls, teacher: [] } });
    // @ts-expect-error an empty list of controls
    accept({ ...report, controls: { ...report.controls, copier: [] } });
    // @ts-expect-error no cells
    accept({ ...report, cells: [] });
  });

  test("the whole report compiles", () => {
    expect(accept({ ...report, controls: { ...report.controls } })).toEqual(report);
  });

  test("what is collected at run time is checked at run time", () => {
    expect(() => nonEmpty("teacher", [])).toThrow(
      new RangeError("teacher: expected at least one, got none"),
    );
    expect(nonEmpty("teacher", [1, 2])).toEqual([1, 2]);
  });
});
