/** Questions that a marker asks at order entry (AOE). */
import type { AoeQuestion, Marker } from '../catalogue/catalogue.ts';
import type { AoeAnswer } from './order.ts';

/** Whether an order needs an answer: not when one is preset, and not about fasting, which is known at the draw only. */
const mustBeAnswered = ({ required, default: preset, code }: AoeQuestion): boolean =>
  required && preset === null && !code.startsWith('FAST');

/** The marker's questions without whose answers it cannot be ordered (A2). */
export function unansweredQuestions(marker: Pick<Marker, 'id' | 'aoe'>, answers: readonly AoeAnswer[]): AoeQuestion[] {
  const isAnswered = (question: AoeQuestion) =>
    answers.some((answer) => answer.marker_id === marker.id && answer.question_id === question.id);
  return marker.aoe.questions.filter((question) => mustBeAnswered(question) && !isAnswered(question));
}
