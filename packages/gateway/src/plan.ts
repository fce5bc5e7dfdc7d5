/** What is done with a request, by its policy. */
import { RequestError } from "./errors.js";
import { type JsonObject, textOf } from "./json.js";
import { withoutSwitches } from "./marks/mark.js";
import { type ChoosePolicy, type Policy, type SkipReason, skipReason } from "./policy.js";
import type { MarkStatus, Started } from "./record.js";
import { type Recorder, checkName } from "./recorder.js";
import type { AnswerRequest } from "./request.js";

/** What is done with a request. */
export interface Plan {
  readonly policy: Policy | null;
  readonly status: MarkStatus;
  readonly body: JsonObject;
}

/** Plans a request by its policy; fails open or closed as the recorder does. @throws RequestError */
export async function planOf(
  request: AnswerRequest,
  { policy, recorder }: { readonly policy: Policy | ChoosePolicy; readonly recorder: Recorder },
): Promise<Plan> {
  const body = withoutSwitches(request.body);
  try {
    return await planFor({ ...request, body }, policy);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    recorder.fail(error);
    return { policy: null, status: { kind: "skipped", reason: "policy-failed" }, body };
  }
}

async function planFor(request: AnswerRequest, choice: Policy | ChoosePolicy): Promise<Plan> {
  const { body, endpoint } = request;
  const policy = typeof choice === "function" ? await choice(request) : choice;
  const skipped = (reason: SkipReason, left: JsonObject): Plan => ({
    policy,
    status: { kind: "skipped", reason },
    body: left,
  });
  if (policy === null) return skipped("policy", body);
  checkName("policy.profile.id", policy.profile.id);
  const reason = skipReason(policy, body, endpoint);
  if (reason !== null && reason !== "greedy")
    return skipped(reason, policy.mark.off(body, endpoint));
  const marked = policy.mark.on(body, endpoint);
  if (marked === null) return skipped("endpoint", body);
  // Asked for all the same: the upstream knows better than we whether it samples.
  return reason === null
    ? { policy, status: { kind: "applied" }, body: marked }
    : skipped(reason, marked);
}

/** What a record says of a plan. */
export function described(
  request: AnswerRequest,
  { policy, status }: Plan,
): Omit<Started, "kind" | "record" | "at"> {
  const { endpoint, body } = request;
  return {
    endpoint,
    model: textOf(body.model),
    status,
    tenant: policy?.tenant ?? null,
    profile: policy?.profile ?? null,
    keyId: policy?.keyId ?? null,
  };
}
