import { records, s3Record, testMessage } from './amazon-s3.js'
import { snsNotification, snsRecord, sqsRecord } from './amazon-transport.js'
import { cloudflareR2 } from './cloudflare-r2.js'
import { eventBridge } from './event-bridge.js'
import { type Form, type ReportedChange, isFields } from './form.js'
import { googlePubSub } from './google-pub-sub.js'

/** A record that was found in a body, however it was wrapped. */
export interface FoundRecord {
  /** As it was sent. */
  record: unknown
  /** Undefined if its form is unknown. */
  change: ReportedChange | undefined
}

/** A body is read by the first form that recognises it. */
const forms: readonly Form[] = [
  records, s3Record, testMessage, snsNotification, snsRecord, sqsRecord, eventBridge, googlePubSub, cloudflareR2,
]
/** A record of S3 that went through SNS, SQS and a Lambda function is on the sixth level. */
const DEPTH_MAX = 6

/**
 * Finds the records in the body of a notification, which its transports may have wrapped. A record of an unknown form among
 * others is returned as such.
 *
 * @returns undefined if the form of the body, or of everything wrapped in it, is unknown
 */
export function findRecords (body: unknown, depth = 1): FoundRecord[] | undefined {
  if (depth > DEPTH_MAX) return undefined
  if (Array.isArray(body)) return findWrapped(body, depth, false)
  if (!isFields(body)) return undefined
  for (const form of forms) {
    const reading = form(body)
    if (reading === undefined) continue
    if ('change' in reading) return [{ record: body, change: reading.change }]
    return findWrapped(reading.wrapped, depth, form === records || form === testMessage)
  }
  return undefined
}

/** @param isKnown whether the form of the wrapping is known by itself; otherwise one of the bodies must have a known form */
function findWrapped (wrapped: readonly unknown[], depth: number, isKnown: boolean): FoundRecord[] | undefined {
  let isAnyKnown = isKnown
  const found = wrapped.flatMap((record) => {
    const inner = findRecords(record, depth + 1)
    isAnyKnown ||= inner !== undefined
    return inner ?? [{ record, change: undefined }]
  })
  return isAnyKnown ? found : undefined
}
