import { useAnswer } from './use-answer.js'

/** A workflow's name; its id until the name is known, or if it has none. */
export function useWorkflowName (workflowId: string): string {
  const { data } = useAnswer(async (service, signal) => {
    const { workflows } = await service.ask((client, ended) => client.GET('/api/v1/objects/workflows', {
      params: { query: { search: workflowId, limit: 1 } }, signal: ended,
    }), signal)
    return workflows.find((workflow) => workflow.workflowId === workflowId)?.workflowName
  }, [workflowId])
  return data ?? workflowId
}
