"""An answer that turns a request down, asks back or only talks gives nothing, in any language."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Queries, Terms, Text

TURNED_DOWN = """
I can't assist with that.
I do not have the ability to browse the internet.
I strive to be helpful, but I can't help with this topic.
Als KI-Sprachmodell kann ich keine medizinischen Ratschläge geben.
En tant que modèle de langage, je n'ai pas accès à la météo.
Como modelo de lenguaje, no tengo acceso a información en tiempo real.
Come modello linguistico, non posso fornire queste informazioni.
Como um modelo de linguagem, não posso fornecer essas informações.
Als taalmodel kan ik die informatie niet geven.
Jako model językowy nie mam dostępu do internetu.
Nie mogę udzielić takich informacji.
Как языковая модель, я не имею доступа к интернету.
Bu isteği yerine getiremem.
I can’t help with that request.
I cannot help you with that.
I'm not able to help with that.
I am unable to fulfill this request.
I'm unable to provide that information.
I cannot provide assistance with that.
I'm sorry, but I cannot assist with that request.
I'm sorry, I can't continue with this.
Sorry, I can't assist with that.
Sorry, I'm unable to help.
I'm unable to help with hacking someone else's network.
I am not able to assist you with building weapons.
Understood! I'm ready to rewrite queries. Please share the conversation.
I don't have any conversation context to work with.
Could you paste them?
Ich habe keinen Kontext.
Je n'ai pas de contexte. Pouvez-vous le fournir ?
No tengo el contexto de la conversación.
Non vedo nessuna conversazione. Puoi incollarla?
Não tenho acesso à conversa anterior.
У меня нет контекста разговора.
我没有看到对话的上下文。
대화 내용이 없습니다.
I apologize, but I can't assist with that.
My apologies, but I cannot help with this request.
I won't help with that.
I will not provide that.
I must decline.
I have to decline this request.
I decline to answer.
I'm afraid I can't help with that.
I'm afraid I can't do that.
I can't comply with that.
I cannot comply with this request.
I can't engage with this topic.
I cannot generate that content.
I can't create that content.
I cannot create content that depicts violence.
I can't write that for you.
I can't discuss that.
I can't rewrite this query because it is harmful.
I cannot rewrite the query.
I cannot process this request.
I'm not comfortable with that.
I don't feel comfortable helping with this.
I'm not going to help with that.
It would not be appropriate for me to answer.
It's against my guidelines to provide this.
That goes against my guidelines.
This goes against our content policy.
This content may violate our usage policies.
Your request was flagged as potentially violating our usage policy.
As an AI, I can't help with that.
As an AI assistant, I cannot answer this.
As a large language model, I am unable to browse the internet.
As an AI language model, I don't have personal opinions.
As an AI developed by OpenAI, I cannot do this.
I'm an AI language model and cannot provide medical advice.
I am just a language model, so I can't help you with that.
I'm just an AI, I cannot answer that.
I'm a text-based AI and can't do that.
I don't have access to real-time information.
I do not have access to the conversation.
I don't have enough information to answer this question.
I do not have enough context to rewrite the question.
I need more context to rewrite this query.
I need more information.
Could you please provide more context?
Could you clarify what you mean?
Can you please provide the question?
Please provide the question you would like me to rewrite.
Please provide more details.
Please share the query you want me to rewrite.
It seems you haven't provided a query.
It looks like you didn't include the question.
It appears that your message was cut off.
There is no query to rewrite.
No query provided.
No question was provided.
I didn't receive a query.
I see no question here.
You haven't asked a question yet.
What would you like me to rewrite?
What can I help you with?
How can I assist you today?
How may I help you?
Hello! How can I assist you today?
Hi there! What can I do for you today?
Sure, I can help with that! What is the query?
Sure! Please provide the query you would like me to rewrite.
Of course! Please share the question.
I'd be happy to help! Please provide the query.
I'm happy to help. What's the question?
I'm here to help! What would you like to know?
I understand. How can I help?
Thank you for your message.
Thank you!
You're welcome!
Got it.
Sure!
Okay.
I'm ready to help.
I'm Claude, an AI assistant made by Anthropic.
I am ChatGPT, a large language model trained by OpenAI.
I'm Qwen, created by Alibaba Cloud.
{"error": "I cannot help with that."}
{"query": "I'm sorry, but I can't help with that."}
<answer>I cannot help with that.</answer>
**I can't help with that.**
Assistant: I cannot help with that.
Rewritten query: I'm sorry, I can't assist with that.
"I'm sorry, but I can't assist with that."
Unfortunately, I can't assist with that.
Regrettably, I am unable to help.
Unfortunately, I am not able to rewrite this query.
I cannot in good conscience help with that.
I can't support that.
Let's talk about something else.
If you are having thoughts of self-harm, please reach out to a crisis line.
Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.
Tut mir leid, das kann ich nicht.
Ich kann diese Frage nicht beantworten.
Leider kann ich diese Anfrage nicht bearbeiten.
Ich bin nicht in der Lage, diese Anfrage zu erfüllen.
Entschuldigung, dabei kann ich nicht helfen.
Als KI-Sprachmodell kann ich das nicht.
Bitte geben Sie die Frage an.
Wie kann ich Ihnen helfen?
Je suis désolé, mais je ne peux pas vous aider.
Désolé, je ne peux pas répondre à cette demande.
Je ne suis pas en mesure de répondre.
En tant que modèle de langage, je ne peux pas répondre.
Malheureusement, je ne peux pas vous aider.
Comment puis-je vous aider ?
Veuillez fournir la question.
Lo siento, pero no puedo ayudar con eso.
Lo siento, no puedo responder a esa pregunta.
No puedo proporcionar esa información.
Como modelo de lenguaje, no puedo responder.
¿En qué puedo ayudarte?
Por favor, proporciona la pregunta.
Mi dispiace, ma non posso aiutarti.
Non sono in grado di rispondere.
Come posso aiutarti?
Desculpe, mas não posso ajudar com isso.
Sinto muito, não consigo responder.
Como posso ajudar?
Sorry, ik kan je daar niet mee helpen.
Het spijt me, maar ik kan dat niet doen.
Przepraszam, ale nie mogę w tym pomóc.
Nie mogę odpowiedzieć na to pytanie.
Omlouvám se, ale s tím nemohu pomoci.
Sajnálom, de ebben nem tudok segíteni.
Îmi pare rău, dar nu pot ajuta cu asta.
Λυπάμαι, αλλά δεν μπορώ να βοηθήσω με αυτό.
Üzgünüm, bu konuda yardımcı olamam.
Извините, я не могу с этим помочь.
К сожалению, я не могу ответить на этот вопрос.
Я не могу выполнить этот запрос.
Вибачте, я не можу допомогти з цим.
Jag kan tyvärr inte hjälpa till med det.
Förlåt, jag kan inte hjälpa till.
Beklager, jeg kan ikke hjelpe med det.
Jeg kan desværre ikke hjælpe med det.
Valitettavasti en voi auttaa siinä.
抱歉，我无法满足您的请求。
对不起，我无法提供帮助。
很抱歉，我不能协助处理这个请求。
我不能回答这个问题。
作为一个AI语言模型，我无法回答。
请提供您的问题。
您好！请问有什么可以帮您？
我是通义千问，由阿里云开发的语言模型。
抱歉，我無法協助。
申し訳ありませんが、お手伝いできません。
すみません、それにはお答えできません。
申し訳ございませんが、そのリクエストにはお応えできません。
何かお手伝いできることはありますか？
죄송하지만 도와드릴 수 없습니다.
죄송합니다. 그 요청은 처리할 수 없습니다.
무엇을 도와드릴까요?
عذرًا، لا يمكنني المساعدة في ذلك.
آسف، لا أستطيع الإجابة على هذا السؤال.
متأسفم، نمی\u200cتوانم در این مورد کمک کنم.
מצטער, אני לא יכול לעזור בזה.
क्षमा करें, मैं इसमें मदद नहीं कर सकता।
দুঃখিত, আমি এতে সাহায্য করতে পারি না।
ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้
Xin lỗi, tôi không thể giúp việc này.
Maaf, saya tidak dapat membantu dengan itu.
I'm sorry, but I can't help with writing that query.
I’m sorry, but I can’t comply with that.
I cannot and will not provide that.
I can't provide instructions for making weapons.
I'm not able to provide information about illegal activities.
I won't provide guidance on how to hack accounts.
Sorry, I can't provide medical advice.
I'm sorry, I am not able to do that.
I must respectfully decline.
I respectfully decline to answer this.
I'd rather not answer that.
I'd prefer not to discuss this.
This is not something I can assist with.
I'm programmed to be a helpful and harmless AI assistant.
My purpose is to be helpful and harmless.
I am an AI and do not have feelings.
As an artificial intelligence, I don't have the ability to do that.
I lack the context needed to rewrite this.
There is not enough information to rewrite the query.
There isn't enough context.
The conversation is empty.
The context is missing.
Your message is empty.
No context was given.
No input provided.
Can you give me more details?
Could you rephrase your question?
Which question do you mean?
What do you mean?
What are you looking for?
Please clarify your question.
Please tell me more about what you need.
Please enter a query.
Sure! What would you like me to rewrite?
Of course! How can I help?
Hi! I'm ready to help. What's your question?
Hey! What's up?
Hello!
Thanks for asking!
I'm glad to help!
Happy to help!
Great!
Ok.
Yes.
I'm sorry.
I apologize for the confusion.
I apologize for any inconvenience.
Das kann ich leider nicht beantworten.
Dazu kann ich nichts sagen.
Diese Anfrage kann ich nicht bearbeiten.
Dabei kann ich dir leider nicht helfen.
Ich darf diese Frage nicht beantworten.
Es tut mir leid, ich kann keine Informationen dazu bereitstellen.
Ich brauche mehr Informationen.
Könnten Sie die Frage bitte präzisieren?
Hallo! Wie kann ich dir helfen?
Désolé, mais je ne peux pas vous aider avec ça.
Je suis désolé, je ne peux pas fournir cette information.
Je ne peux pas t'aider avec cette demande.
Pourriez-vous préciser votre question ?
Bonjour ! Comment puis-je vous aider aujourd'hui ?
Lo siento, no puedo ayudarte con esa solicitud.
Lo siento, pero no puedo cumplir con esa solicitud.
Disculpa, no puedo hacer eso.
¿Podrías aclarar tu pregunta?
¡Hola! ¿En qué puedo ayudarte hoy?
Mi dispiace, non posso rispondere a questa domanda.
Mi dispiace, ma non posso fornire queste informazioni.
Desculpe, não posso fornecer essa informação.
Desculpe, não posso ajudar com esse pedido.
Olá! Como posso ajudar você hoje?
Helaas kan ik deze vraag niet beantwoorden.
Het spijt me, ik kan u daar niet bij helpen.
Waarmee kan ik je helpen?
Niestety nie mogę pomóc w tej sprawie.
Bohužel s tím nemohu pomoci.
Nemohu odpovědět na tuto otázku.
Tyvärr kan jag inte svara på den frågan.
Jeg kan ikke svare på det spørsmålet.
Beklager, men jeg kan ikke hjælpe med det.
Anteeksi, en voi auttaa tässä asiassa.
Sajnos nem tudok válaszolni erre a kérdésre.
Nu pot răspunde la această întrebare.
Δεν μπορώ να απαντήσω σε αυτή την ερώτηση.
Bu soruya cevap veremem.
Maalesef bu konuda yardımcı olamıyorum.
Извините, но я не могу ответить на этот вопрос.
Я не могу обсуждать эту тему.
К сожалению, я не могу помочь.
На жаль, я не можу відповісти на це питання.
Съжалявам, но не мога да помогна с това.
لا أستطيع مساعدتك في هذا الطلب.
أعتذر، لا يمكنني تقديم هذه المعلومات.
نمی\u200cتوانم به این سؤال پاسخ دهم.
אני לא יכול לענות על השאלה הזו.
मैं इस प्रश्न का उत्तर नहीं दे सकता।
ขออภัย ไม่สามารถตอบคำถามนี้ได้
Tôi không thể trả lời câu hỏi này.
Saya tidak bisa menjawab pertanyaan itu.
抱歉，我不能回答这个问题。
对不起，我不能这样做。
作为AI，我不能提供此类信息。
我无法提供相关信息。
请问您想问什么？
你好！有什么可以帮助你的吗？
抱歉，我無法回答這個問題。
申し訳ありませんが、その質問には回答できません。
お答えすることができません。
その情報は提供できません。
죄송하지만 그 질문에는 답변할 수 없습니다.
해당 요청에는 응할 수 없습니다.
안녕하세요! 무엇을 도와드릴까요?
I notice that you haven't included the conversation. Could you share it?
I don't see any conversation history. Please paste it here.
I'd be happy to rewrite the question, but I need the conversation first.
I'm really sorry you're feeling this way, but I'm unable to provide the help that you need.
Preciso de mais contexto para reescrever a pergunta.
Mi serve più contesto per riscrivere la domanda.
我需要更多上下文才能改写这个问题。
더 많은 맥락이 필요합니다.
Ik heb meer context nodig om de vraag te herschrijven.
"""

UNCHANGED = """
The question needs no rewriting.
No rewriting needed.
No rewrite needed
No rewrite is necessary.
The query does not need to be rewritten.
The question is already standalone.
The question is already self-contained.
The query is already clear and specific.
This question is already self-contained and does not need to be rewritten.
The question does not require rewriting.
No changes are needed.
No changes necessary
No reformulation needed.
N/A
n/a
None
null
-
—
...
(empty)
[]
{}
NONE
No change
unchanged
Unchanged.
Same as the original.
The original query is fine as it is.
The query is fine as is.
The input is already a standalone question.
It is already a standalone question.
The user's question is already standalone, so no rewriting is needed.
There is nothing to rewrite.
Nothing to rewrite.
not applicable
Not applicable.
Keep the original query.
<no_rewrite>
NO_REWRITE
[NO_REWRITE]
Die Frage muss nicht umformuliert werden.
Keine Änderung nötig.
Die Frage ist bereits eigenständig.
La question n'a pas besoin d'être reformulée.
Aucune reformulation nécessaire.
La pregunta no necesita ser reescrita.
No es necesario reescribir la pregunta.
该问题无需改写。
无需改写
问题已经是独立的，无需改写。
不需要改写。
質問を書き換える必要はありません。
書き換え不要
재작성이 필요하지 않습니다.
Запрос не нужно переписывать.
Переписывать не требуется.
Non è necessario riscrivere la domanda.
A pergunta não precisa ser reescrita.
I don't know
I do not know.
Unknown
No answer
There is no answer in the context.
The documents do not contain this information.
No relevant information found.
The provided context does not mention this.
The query is already optimal, so no changes were made.
The follow-up question is already standalone.
The query does not need decomposition.
No sub-queries needed.
NOT_NEEDED
Aucun changement nécessaire.
Nessuna modifica necessaria.
Nenhuma alteração necessária.
De vraag is al duidelijk.
Geen wijziging nodig.
Pytanie jest już samodzielne.
Zmiana nie jest potrzebna.
Изменения не требуются.
Soru zaten bağımsız, yeniden yazmaya gerek yok.
Değişiklik gerekmiyor.
原问题已是独立问题。
無需修改。
N/A (already standalone)
None - the query is clear already
変更なし
변경할 필요가 없습니다.
السؤال واضح ولا يحتاج إلى إعادة صياغة.
لا حاجة لإعادة الصياغة.
प्रश्न पहले से ही स्पष्ट है।
Câu hỏi đã rõ ràng, không cần viết lại.
Pertanyaan sudah jelas, tidak perlu diubah.
"""


@pytest.mark.parametrize("parser", [Text(), Terms(), Queries()])
@pytest.mark.parametrize("generation", TURNED_DOWN.strip().splitlines())
def test_no_answer(parser, generation):
    assert parser(generation) == []


@pytest.mark.parametrize("parser", [Text(), Queries()])
@pytest.mark.parametrize("generation", UNCHANGED.strip().splitlines())
def test_a_query_that_needs_no_rewriting(parser, generation):
    assert parser(generation) == []


@pytest.mark.parametrize(
    ("generation", "query"),
    [
        ("I can't help that it is red.", "I can't help that it"),
        ("No rewriting needed nginx", "no rewriting needed nginx error"),
    ],
)
def test_what_repeats_the_query_is_no_refusal(generation, query):
    assert Text()(generation, query) == [generation]
