import { describe, expect, test } from "vitest";
import type { StudyControls, StudyReport } from "../../src/index.js";
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

  test("nor may any of a study's", () => {
    const study = { ...report, kind: "study" } as unknown as StudyReport;
    const acceptStudy = (candidate: StudyReport): StudyReport => candidate;
    const without = <K extends keyof StudyControls>(key: K): Omit<StudyControls, K> => {
      const { [key]: _left, ...rest } = study.controls;
      return rest;
    };
    // @ts-expect-error no student of the unmarked teacher
    acceptStudy({ ...study, controls: without("unmarkedTeacher") });
    // @ts-expect-error no untrained student
    acceptStudy({ ...study, controls: without("untrained") });
    // @ts-expect-error no wrong keys
    acceptStudy({ ...study, controls: without("wrongKeys") });
    // @ts-expect-error no teacher
    acceptStudy({ ...study, controls: without("teacher") });
    // @ts-expect-error no innocent copier
    acceptStudy({ ...study, controls: without("copier") });
    // @ts-expect-error an empty list of controls
    acceptStudy({ ...study, controls: { ...study.controls, unmarkedTeacher: [] } });
    // @ts-expect-error an empty list of controls
    acceptStudy({ ...study, controls: { ...study.controls, untrained: [] } });
    // @ts-expect-error an empty list of controls
    acceptStudy({ ...study, controls: { ...study.controls, wrongKeys: [] } });
    // @ts-expect-error an empty list of controls
    acceptStudy({ ...study, controls: { ...study.controls, teacher: [] } });
    // @ts-expect-error an empty list of controls
    acceptStudy({ ...study, controls: { ...study.controls, copier: [] } });
    // @ts-expect-error no controls
    acceptStudy({ ...study, controls: undefined });
    // @ts-expect-error no cells
    acceptStudy({ ...study, cells: [] });
    // The canary: with all of them it compiles, so that each line above fails for what it leaves out.
    expect(acceptStudy({ ...study, controls: { ...study.controls } })).toEqual(study);
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
