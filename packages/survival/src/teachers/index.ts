export { countTeacher, type CountTeacherOptions, type LessonOptions, writeTexts } from "./count.js";
export { endpointTeacher } from "./endpoint.js";
export { type ModelText, modelTeacher } from "./model.js";
export type { Teacher, Teaching } from "./teacher.js";
