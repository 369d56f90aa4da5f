import { type Form, fieldsOf, parseText } from './form.js'

/**
 * A message of Amazon SNS: what was published is text in it (Amazon SNS Developer Guide, "HTTP/HTTPS notification JSON
 * format").
 */
export const snsNotification: Form = ({ Type: type, Message: message }) =>
  type === 'Notification' && typeof message === 'string' ? { wrapped: [parseText(message)] } : undefined

/**
 * A record in which Lambda gives a function a message of SNS (AWS Lambda Developer Guide, "Using AWS Lambda with Amazon SNS").
 */
export const snsRecord: Form = ({ Sns: sns }) => {
  const { Message: message } = fieldsOf(sns)
  return typeof message === 'string' ? { wrapped: [parseText(message)] } : undefined
}

/** A record in which Lambda gives a function a message of SQS (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS"). */
export const sqsRecord: Form = ({ eventSource, body }) =>
  eventSource === 'aws:sqs' && typeof body === 'string' ? { wrapped: [parseText(body)] } : undefined
