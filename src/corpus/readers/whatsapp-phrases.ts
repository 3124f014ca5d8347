// What WhatsApp writes into an export instead of words, in the languages of its app: pictures that were left out, deleted
// messages, notices about the group or a call. Matching ignores case, invisible marks and a final full stop. Add a phrase
// here when an export has one that is read as text.

/** Pictures, videos, voice messages, documents, contacts: somebody may answer them. Without angle brackets. */
const omitted: Readonly<Record<string, string>> = {
  en: 'media omitted|image omitted|video omitted|video note omitted|video message omitted|audio omitted|voice message omitted|view once voice message omitted|gif omitted|document omitted|contact card omitted|live location shared',
  de: 'medien ausgeschlossen|medien weggelassen|bild weggelassen|video weggelassen|videonachricht weggelassen|audio weggelassen|gif weggelassen|gif ausgeschlossen|dokument weggelassen|kontaktkarte ausgelassen|kontaktkarte weggelassen|live-standort wird geteilt',
  es: 'multimedia omitido|archivo omitido|imagen omitida|video omitido|vídeo omitido|audio omitido|gif omitido|documento omitido|tarjeta de contacto omitida|ubicación en tiempo real compartida',
  fr: 'médias omis|fichier omis|image absente|image omise|vidéo absente|audio omis|gif retiré|document manquant|document omis|fiche contact manquante|localisation en direct partagée',
  it: 'media omessi|media omesso|immagine omessa|video omesso|audio omesso|gif esclusa|documento omesso|scheda contatto omessa|posizione attuale condivisa',
  pt: 'mídia oculta|mídia omitida|arquivo de mídia oculto|ficheiro não revelado|imagem ocultada|imagem oculta|imagem não revelada|vídeo omitido|vídeo oculto|vídeo não revelado|áudio ocultado|áudio oculto|ficheiro de áudio não revelado|gif omitido|gif não revelada|documento omitido|documento oculto|documento não revelado|cartão do contato omitido|contacto não revelado|localização atual compartilhada',
  nl: 'media weggelaten|afbeelding weggelaten|video weggelaten|audio weggelaten|gif weggelaten|document weggelaten|visitekaartje weggelaten',
  ru: 'без медиафайлов|файл пропущен|изображение отсутствует|видео отсутствует|аудио отсутствует|аудиофайл отсутствует|gif отсутствует|документ отсутствует|карточка контакта отсутствует',
  uk: 'медіа пропущено|зображення відсутнє|відео відсутнє|аудіо відсутнє|gif-анімацію пропущено|документ пропущено|картка контакту відсутня',
  pl: 'pominięto multimedia|pliki pominięto|obraz pominięty|wideo pominięte|audio pominięte|plik gif pominięty|dokument pominięty|pominięta wizytówka kontaktu',
  cs: 'média vynechána|obrázek vynechán|video vynecháno|zvukový soubor vynechán|gif vynechán|dokument vynechán|vizitka vynechána',
  tr: 'medya dahil edilmedi|medya atlanmış|görüntü dahil edilmedi|video dahil edilmedi|ses dahil edilmedi|gif dahil edilmedi|belge dahil edilmedi|kişi kartı dahil edilmedi',
  sv: 'media har utelämnats|media utelämnat|bild utesluten|video utesluten|ljud utelslutet|gif utesluten|dokument uteslutet|kontaktkort uteslutet',
  da: 'mediefil udeladt|billede udeladt|video udeladt|lyd udeladt|gif udeladt|dokument udeladt|kontaktkort udeladt',
  nb: 'uten vedlegg|media utelatt|bilde ikke inkludert|video utelatt|lyd utelatt|gif utelatt|utelatt dokument|kontaktkort sløyfet',
  fi: 'media jätetty pois|media jätettiin pois|ei kuvaa|videota ei sisällytetä|äänitiedostoa ei sisällytetä|gif-animaatio jätetty pois|dokumenttia ei sisällytetä|yhteystietokortti jätettiin pois',
  hu: 'hiányzó médiafájl|média elhagyva|kép küldése sikertelen|videó kihagyva|hang kihagyása|gif fájl kihagyása|dokumentum kihagyva|névjegykártya kihagyva',
  el: 'εξαίρεση πολυμέσων|εικόνα παραλείφθηκε|βίντεο παραλείφθηκε|ήχος παραλείφθηκε|παράληψη gif|έγγραφο παραλείφθηκε|η κάρτα επαφής παραλήφθηκε',
  hr: 'medijski zapis izostavljen|slika izostavljena|video izostavljen|zvuk izostavljen|gif izostavljen|dokument izostavljen|posjetnica izostavljena',
  ro: 'conținut media omis|imagine omisă|clip video omis|fără audio|gif omis|document omis|carte de vizită contact omisă',
  id: 'media tidak disertakan|gambar tidak disertakan|video tidak disertakan|audio tidak disertakan|gif tidak disertakan|dokumen tidak disertakan|kartu kontak tidak disertakan',
  ms: 'media disingkirkan|imej tidak dimasukkan|video tidak dimasukkan|audio tidak dimasukkan|gif tidak dimasukkan|dokumen tidak dimasukkan|kad kenalan tidak dimasukkan',
  vi: 'bỏ qua media|bỏ qua tệp phương tiện|đã bỏ qua hình ảnh|đã bỏ video|bỏ qua tệp âm thanh|đã bỏ qua ảnh gif|đã bỏ qua tài liệu|bỏ qua thẻ liên lạc',
  th: 'สื่อถูกลบ|ไฟล์สื่อถูกลบ|ไม่มีรูปภาพ|วิดีโอถูกลบ|ไม่มีไฟล์เสียง|ละเว้น gif|ละเว้นเอกสาร|บัตรรายชื่อที่ละเว้น',
  he: 'המדיה לא נכללה|מדיה הושמטה|התמונה הושמטה|סרטון הווידאו הושמט|קטע קול הושמט|gif הושמט|מסמך הושמט|כרטיס איש קשר הושמט',
  ar: 'تم استبعاد الوسائط|لم يتم إدراج الصورة|لم يتم إدراج الفيديوهات|لم يتم إدراج المقاطع الصوتية|لم يتم إدراج صورة gif|لم يتم إدراج المستند|لم يتم إدراج بطاقة جهة اتصال',
  fa: 'رسانه حذف شد|تصویر حذف شد|ویدیو حذف شد|صدا حذف شد|gif حذف شد|سند حذف شد|برگ مخاطب حذف شد',
  hi: 'मीडिया के बिना|फ़ोटो हटाई गई|वीडियो छोड़ा गया|ऑडियो हटाई गयी|gif छोड़ा गया|डॉक्यूमेंट छोड़ा गया|कॉन्टैक्ट कार्ड छोड़ा गया',
  ja: 'メディアは含まれていません|メディアなし|画像は含まれていません|ビデオは含まれていません|動画は含まれていません|音声は含まれていません|gifは含まれていません|ドキュメントは含まれていません|連絡先カードを省略',
  ko: '미디어 파일을 생략한 대화내용|미디어 파일 제외됨|이미지 생략됨|사진 생략됨|비디오 생략됨|동영상 생략됨|오디오 생략됨|gif 생략됨|문서 생략됨|연락처 카드 생략됨',
  zh: '省略影音内容|省略多媒体文件|图片已省略|图像已省略|照片已忽略|视频已省略|视频已忽略|音频已省略|音频已忽略|gif 动态图已被忽略|文档已省略|联系人卡片已忽略|共享实时位置',
  'zh-Hant':
    '已省略多媒體檔案|省略多媒體檔案|忽略多媒體檔|媒體已略去|圖片已略去|圖像已省略|圖片已省略|影片已略去|影片已省略|音訊已略去|音訊已省略|gif 已略去|gif 圖片已被省略|文件已略去|文件已忽略|聯絡人卡片已略去|聯絡人卡片已省略|實時位置已分享',
};

/** Nobody answers a sticker. */
const stickers =
  'sticker omitted|sticker weggelassen|sticker omitido|sticker omis|sticker non incluso|figurinha omitida|sticker não revelado|sticker weggelaten|стикер не добавлен|наклейку не додано|pominięto naklejkę|nálepka vynechána|çıkartma dahil edilmedi|sticker utesluten|klistermærke udeladt|klistremerke utelatt|tarraa ei sisällytetty|matrica kihagyva|naljepnica izostavljena|stiker tidak disertakan|pelekat tidak disertakan|đã bỏ sticker|ไม่มีสติกเกอร์|סטיקר הושמט|تم حذف الملصقات|स्टिकर छोड़ा गया|スタンプは含まれていません|스티커 제외됨|贴图已省略|貼圖已略去|貼圖已忽略|貼圖已省略';

const deleted =
  'this message was deleted|you deleted this message|this message was deleted by an admin|you deleted this message as admin|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|se eliminó este mensaje|eliminaste este mensaje|este mensaje fue eliminado|ce message a été supprimé|vous avez supprimé ce message|questo messaggio è stato eliminato|hai eliminato questo messaggio|esta mensagem foi apagada|mensagem apagada|você apagou esta mensagem|apagou esta mensagem|dit bericht is verwijderd|u hebt dit bericht verwijderd|данное сообщение удалено|вы удалили данное сообщение|вы удалили это сообщение|це повідомлення було видалено|ви видалили це повідомлення|ta wiadomość została usunięta|tato zpráva byla smazána|bu mesaj silindi|bu mesajı sildiniz|det här meddelandet raderades|denne besked er blevet slettet|denne meldingen ble slettet|tämä viesti poistettiin|poistit tämän viestin|ez az üzenet törlésre került|pesan ini telah dihapus|pesan ini dihapus|anda menghapus pesan ini|anda telah menghapus pesan ini|tin nhắn này đã bị xóa|ข้อความนี้ถูกลบแล้ว|הודעה זו נמחקה|מחקת את ההודעה הזו|تم حذف هذه الرسالة|لقد حذَفت هذه الرسالة|این پیام حذف شده است|यह मैसेज डिलीट कर दिया गया है|このメッセージは削除されました|このメッセージを削除しました|이 메시지는 삭제되었습니다|삭제한 메시지입니다|这条消息已删除|这条消息已被删除|您已删除这条消息|你已删除这条消息|此訊息已刪除|您已刪除此訊息|你已刪除此訊息';

/** Calls, and messages that have not arrived. */
const notices =
  'missed voice call|missed video call|missed group voice call|missed group video call|waiting for this message. this may take a while|waiting for this message|verpasster sprachanruf|verpasster videoanruf|diese nachricht wird gerade geladen. dies kann eine weile dauern|llamada perdida|llamada de voz perdida|videollamada perdida|esperando este mensaje|appel vocal manqué|appel vidéo manqué|en attente de ce message|chiamata vocale persa|videochiamata persa|in attesa del messaggio|chamada de voz perdida|chamada de vídeo perdida|videochamada perdida|aguardando mensagem. essa ação pode levar alguns instantes|gemiste spraakoproep|gemist spraakgesprek|gemist videogesprek|пропущенный аудиозвонок|пропущенный видеозвонок|cevapsız sesli arama|cevapsız görüntülü arama|panggilan suara tak terjawab|panggilan video tak terjawab|مكالمة صوتية فائتة|مكالمة فيديو فائتة|不在着信|ビデオ通話不在着信|부재중 전화|부재중 영상통화|未接语音通话|未接视频通话|正在等待此消息|未接語音通話|未接視像通話|正在等待此訊息';

/** The first words of notices that are too long or too varied to list whole. */
const noticeBeginnings =
  'messages and calls are end-to-end encrypted|messages to this chat and calls are now secured|messages to this group are now secured|messages you send to this chat and calls are now secured|your messages and calls are secured|messages to yourself are end-to-end encrypted|your security code with |nachrichten und anrufe sind ende-zu-ende|nachrichten in diesem chat sowie anrufe sind|deine sicherheitsnummer |die sicherheitsnummer von |los mensajes y las llamadas están cifrados|los mensajes y llamadas en este chat|cambió tu código de seguridad|les messages et les appels sont chiffrés|les messages envoyés dans cette discussion|votre code de sécurité avec|i messaggi e le chiamate sono crittografati|il tuo codice di sicurezza|as mensagens e as chamadas são protegidas|as mensagens e chamadas são |mensagens e chamadas são protegidas|seu código de segurança com|o seu código de segurança|berichten en gesprekken worden end-to-end|сообщения и звонки защищены|mesajlar ve aramalar uçtan uca|pesan dan panggilan terenkripsi|الرسائل والمكالمات مشفرة|メッセージと通話はエンドツーエンド|메시지 및 전화는 종단간|消息和通话|訊息和通話|訊息與通話|您發送至此對話的訊息';

/** What happens to a group, after the name of whoever did it. */
const deeds =
  'created (?:this )?group|added |was added|were added|left$|left the group|removed |was removed|changed (?:the|this|their|to)|joined (?:using|from|via|the)|turned (?:on|off) |updated the message timer|pinned a message|is a contact|reset this group|hat die gruppe|hat den betreff|hat das gruppenbild|hat die gruppenbeschreibung|hat .{1,200} (?:hinzugefügt|entfernt)|hat selbstlöschende|ist (?:dieser|der) gruppe|wurde hinzugefügt|hat ihre telefonnummer|creó (?:el|este) grupo|añadió a|agregó a|eliminó a|salió del grupo|cambió (?:el|la|este)|se unió|activó los mensajes|desactivó los mensajes|a créé (?:le|ce) groupe|a ajouté|a retiré|a quitté|est parti|a changé|a modifié|a rejoint|a activé|a désactivé|ha creato (?:il|questo) gruppo|ha aggiunto|ha rimosso|ha abbandonato|ha cambiato|ha modificato|si è unit|criou (?:o|este) grupo|adicionou|removeu|saiu$|saiu do grupo|mudou |alterou |entrou usando|ativou as mensagens|desativou as mensagens';

/** The same in Chinese, where a blank is optional. */
const deedsWithoutBlank =
  '创建了(?:此|本)?群组|加入了?群组|添加了|退出了群组|移除了|更改了|已将此群组|使用此群组的邀请链接|建立了(?:此)?群組|加入了群組|已?新增了?|已離開群組|已離開|已移除|已變更|變更了';

const edited =
  'this message was edited|diese nachricht wurde bearbeitet|se editó este mensaje|ce message a été modifié|questo messaggio è stato modificato|mensagem editada|esta mensagem foi editada|dit bericht is bewerkt|bericht bewerkt|данное сообщение изменено|сообщение изменено|bu mesaj düzenlendi|pesan ini diedit|تم تعديل هذه الرسالة|このメッセージは編集されました|수정된 메시지입니다|此消息已编辑|这条消息已编辑|此訊息已編輯|這則訊息已編輯';

/** `NAME.jpg (file attached)`: the words in parentheses. */
const attached =
  'file attached|datei angehängt|archivo adjunto|archivo adjuntado|fichier joint|file allegato|arquivo anexado|ficheiro anexado|bestand bijgevoegd|файл добавлен|файл додано|załączony plik|soubor byl přiložen|dosya ekli|bifogad fil|fil vedhæftet|vedlagt fil|liitetiedosto|fájl csatolva|συνημμένο αρχείο|datoteka u privitku|fișier atașat|file terlampir|fail dilampirkan|tệp đính kèm|ไฟล์ที่แนบ|קובץ מצורף|الملف مرفق|फ़ाइल संलग्न|फाइल अटैच कर दी गई है|添付ファイル有り|添付ファイル|파일 첨부됨|文件附件|附件檔案';

/** The headings of polls. */
const polls =
  'poll|umfrage|encuesta|sondage|sondaggio|enquete|sondagem|peiling|опрос|anket|jajak pendapat|polling|تصويت|アンケート|投票|설문|설문조사';

const list = (words: string) => words.split('|');

const omittedPhrases = new Set(Object.values(omitted).flatMap(list));
const stickerPhrases = new Set(list(stickers));
const asidePhrases = new Set([...list(deleted), ...list(notices)]);
const editedPhrases = new Set(list(edited));
const attachedPhrases = new Set(list(attached));
const pollPhrases = new Set(list(polls));
const beginnings = list(noticeBeginnings);
const deed = new RegExp(`^.{1,200}?(?: (?:${deeds})|(?:${deedsWithoutBlank}))`, 'u');

/** The text in the form of the phrases above. */
function phraseOf(text: string): string {
  return text
    .trim()
    .replace(/^<\s?(.*?)\s?>$/s, '$1')
    .replace(/[.。]$/, '')
    .toLowerCase();
}

/** Whether the text stands for a picture or the like, or for nothing that is answered. Undefined for words. */
export function placeholderKind(text: string): 'cut' | 'aside' | undefined {
  if (text.length > 200) return isNotice(text) ? 'aside' : undefined;
  const phrase = phraseOf(text);
  if (omittedPhrases.has(phrase)) return 'cut';
  return stickerPhrases.has(phrase) || asidePhrases.has(phrase) || isNotice(text) ? 'aside' : undefined;
}

/** Whether the text begins as a long notice does, such as that of the encryption. */
function isNotice(text: string): boolean {
  const beginning = text.slice(0, 100).toLowerCase();
  return beginnings.some((words) => beginning.startsWith(words));
}

/** `report.pdf • 2 pages document omitted`: the placeholder follows the name of the file. */
export function endsInPlaceholder(line: string): boolean {
  const after = /\u200e<?([^\u200e<>]{4,60})>?$/.exec(line)?.[1];
  return after !== undefined && omittedPhrases.has(phraseOf(after));
}

/** Whether the text says who did what to the group. */
export function saysDeed(text: string): boolean {
  return deed.test(text.slice(0, 400).toLowerCase());
}

export function isEditedMark(words: string): boolean {
  return editedPhrases.has(phraseOf(words));
}

export function isAttachedMark(words: string): boolean {
  return attachedPhrases.has(words.trim().toLowerCase());
}

export function isPollHeading(line: string): boolean {
  return pollPhrases.has(line.trim().replace(/\s?:$/, '').toLowerCase());
}
