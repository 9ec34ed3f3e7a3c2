/* facts: whole activities in the shape of the programs that send them, and all that is known of
 * each (PRODUCT 1.2). ' stands for ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/rules/facts_rig.h"

#define AS      "'https://www.w3.org/ns/activitystreams'"
#define AS_ALL  "'https://www.w3.org/ns/activitystreams#Public'"
#define MINUTE1 "'2026-11-01T09:59:00Z'"
#define NOW     INT64_C(1793527200000) /* 2026-11-01T10:00:00Z */

static const struct {
    const char *program, *text, *wanted;
} programs[] = {
    {"Mastodon: an answer with a tag, a mention, a picture",
     "{'@context':[" AS ",{'sensitive':'as:sensitive','Hashtag':'as:Hashtag'}],"
     "'id':'https://social.acme.example/users/bo/statuses/1/activity','type':'Create',"
     "'actor':'https://social.acme.example/users/bo','published':" MINUTE1 ",'to':[" AS_ALL "],"
     "'cc':['https://social.acme.example/users/bo/followers',"
     "'https://blog.corp.example/users/jo'],'object':{"
     "'id':'https://social.acme.example/users/bo/statuses/1','type':'Note','summary':null,"
     "'inReplyTo':'https://blog.corp.example/users/jo/statuses/7','published':" MINUTE1 ","
     "'url':'https://social.acme.example/@bo/1',"
     "'attributedTo':'https://social.acme.example/users/bo','to':[" AS_ALL "],"
     "'cc':['https://social.acme.example/users/bo/followers'],'sensitive':false,"
     "'content':'<p><span class=\\'h-card\\'><a href=\\'https://blog.corp.example/@jo\\' "
     "class=\\'u-url mention\\'>@<span>jo</span></a></span> see <a "
     "href=\\'https://docs.partner.example/a?b=1&amp;c=2\\' rel=\\'nofollow noopener\\'>"
     "<span class=\\'invisible\\'>https://</span><span class=\\'ellipsis\\'>docs.partner.example/a"
     "</span></a> <a href=\\'https://social.acme.example/tags/supplychain\\' "
     "class=\\'mention hashtag\\' rel=\\'tag\\'>#<span>SupplyChain</span></a></p>',"
     "'contentMap':{'en':'<p>see</p>'},'attachment':[{'type':'Document','mediaType':'image/jpeg',"
     "'url':'https://files.acme.example/1.jpg','name':'A pallet','width':800,'height':600}],"
     "'tag':[{'type':'Mention','href':'https://blog.corp.example/users/jo',"
     "'name':'@jo@blog.corp.example'},{'type':'Hashtag',"
     "'href':'https://social.acme.example/tags/supplychain','name':'#SupplyChain'}],"
     "'replies':{'id':'https://social.acme.example/users/bo/statuses/1/replies',"
     "'type':'Collection'}},'signature':{'type':'RsaSignature2017',"
     "'creator':'https://social.acme.example/users/bo#main-key','signatureValue':'AA=='}}",
     "type=[Create] object=[Note] tags=[supplychain] "
     "author=[https://social.acme.example/users/bo] author_host=[social.acme.example] "
     "visibility=[public] language=[en] size=1000 bytes attachments=1 media=[image] sensitive=no "
     "reply_to=[internal] mentions=[internal] links=[blog.corp.example, docs.partner.example] "
     "age=60 seconds proof=[ld-signature]"},
    {"Mastodon: a poll that only followers and those who look find",
     "{'@context':" AS ",'id':'https://social.acme.example/users/bo/statuses/2/activity',"
     "'type':'Create','actor':'https://social.acme.example/users/bo',"
     "'to':['https://social.acme.example/users/bo/followers'],'cc':[" AS_ALL "],'object':{"
     "'id':'https://social.acme.example/users/bo/statuses/2','type':'Question','sensitive':true,"
     "'summary':'Lunch','content':'<p>What?</p>','inReplyTo':null,'attachment':[],'tag':[],"
     "'endTime':'2026-11-02T10:00:00Z','oneOf':[{'type':'Note','name':'Soup'},"
     "{'type':'Note','name':'Salad'}]}}",
     "type=[Create] object=[Question] tags=[] author=[https://social.acme.example/users/bo] "
     "author_host=[social.acme.example] visibility=[unlisted] size=1000 bytes attachments=0 "
     "media=[] sensitive=yes reply_to=[none] mentions=[] links=[] proof=[none]"},
    {"Mastodon: a Delete",
     "{'@context':" AS ",'id':'https://social.acme.example/users/bo/statuses/1#delete',"
     "'type':'Delete','actor':'https://social.acme.example/users/bo','to':[" AS_ALL "],'object':{"
     "'id':'https://social.acme.example/users/bo/statuses/1','type':'Tombstone',"
     "'atomUri':'https://social.acme.example/users/bo/statuses/1'},"
     "'signature':{'type':'RsaSignature2017'}}",
     "type=[Delete] object=[Tombstone] tags=[] author=[https://social.acme.example/users/bo] "
     "author_host=[social.acme.example] visibility=[public] size=1000 bytes attachments=0 "
     "media=[] reply_to=[none] mentions=[] links=[] proof=[ld-signature]"},
    {"Mastodon: a boost taken back",
     "{'@context':" AS ",'id':'https://social.acme.example/users/bo#announces/3/undo',"
     "'type':'Undo','actor':'https://social.acme.example/users/bo','to':[" AS_ALL "],'object':{"
     "'id':'https://social.acme.example/users/bo/statuses/3/activity','type':'Announce',"
     "'actor':'https://social.acme.example/users/bo','published':" MINUTE1 ",'to':[" AS_ALL "],"
     "'object':'https://blog.corp.example/users/jo/statuses/7'}}",
     "type=[Undo] tags=[] author=[https://social.acme.example/users/bo] "
     "author_host=[social.acme.example] visibility=[public] size=1000 bytes mentions=[] "
     "proof=[none]"},
    {"GoToSocial: text for lists, one tag alone",
     "{'@context':" AS ",'id':'https://gts.corp.example/users/al/statuses/1/activity#Create',"
     "'type':'Create','actor':'https://gts.corp.example/users/al','to':" AS_ALL ","
     "'cc':'https://gts.corp.example/users/al/followers','published':" MINUTE1 ",'object':{"
     "'id':'https://gts.corp.example/users/al/statuses/1','type':'Note',"
     "'attributedTo':'https://gts.corp.example/users/al','published':" MINUTE1 ","
     "'to':" AS_ALL ",'content':'<p>x</p>','contentMap':{'de-CH':'<p>x</p>'},'sensitive':false,"
     "'tag':{'type':'Hashtag','name':'#Q3','href':'https://gts.corp.example/tags/q3'},"
     "'attachment':{'type':'Image','mediaType':'image/webp','url':'https://gts.corp.example/f'},"
     "'interactionPolicy':{'canLike':{'always':" AS_ALL "}}}}",
     "type=[Create] object=[Note] tags=[q3] author=[https://gts.corp.example/users/al] "
     "author_host=[gts.corp.example] visibility=[public] language=[de-ch, de] size=1000 bytes "
     "attachments=1 media=[image] sensitive=no reply_to=[none] mentions=[] links=[] "
     "age=60 seconds proof=[none]"},
    {"Pleroma: a language that is none, an answer by id",
     "{'@context':[" AS ",'https://pl.acme.example/schemas/litepub-0.1.jsonld',"
     "{'@language':'und'}],'id':'https://pl.acme.example/activities/1','type':'Create',"
     "'actor':'https://pl.acme.example/users/cy','to':[" AS_ALL "],'cc':[],'directMessage':false,"
     "'object':{'id':'https://pl.acme.example/objects/1','type':'Note',"
     "'actor':'https://pl.acme.example/users/cy','attributedTo':'https://pl.acme.example/users/cy',"
     "'content':'hi<br>there','source':{'content':'hi','mediaType':'text/plain'},"
     "'inReplyTo':'https://elsewhere.example/objects/9','sensitive':false,'summary':'',"
     "'tag':['x',{'type':'Hashtag','name':'#x','href':'https://pl.acme.example/tag/x'}],"
     "'attachment':[{'type':'Document','mediaType':'application/pdf','url':[{'type':'Link',"
     "'mediaType':'application/pdf','href':'https://pl.acme.example/m/1.pdf'}]}]}}",
     "type=[Create] object=[Note] tags=[x] author=[https://pl.acme.example/users/cy] "
     "author_host=[pl.acme.example] visibility=[public] size=1000 bytes attachments=1 "
     "media=[document] sensitive=no reply_to=[other] mentions=[] links=[] proof=[none]"},
    {"Misskey: a quote",
     "{'@context':[" AS ",{'_misskey_quote':'misskey:_misskey_quote'}],"
     "'id':'https://mk.acme.example/notes/1/activity','type':'Create',"
     "'actor':'https://mk.acme.example/users/1','to':[" AS_ALL "],'object':{"
     "'id':'https://mk.acme.example/notes/1','type':'Note','content':'<p>Look</p>',"
     "'_misskey_quote':'https://wiki.corp.example/notes/2','quoteUrl':"
     "'https://wiki.corp.example/notes/2','inReplyTo':null,'attachment':[],'sensitive':false,"
     "'tag':[{'type':'Emoji','name':':x:','icon':{'type':'Image','url':'https://e.example/'}}]}}",
     "type=[Create] object=[Note] tags=[] author=[https://mk.acme.example/users/1] "
     "author_host=[mk.acme.example] visibility=[public] size=1000 bytes attachments=0 media=[] "
     "sensitive=no reply_to=[none] mentions=[] links=[wiki.corp.example] proof=[none]"},
    {"WordPress: an article with its picture, announced as an Update by the blog",
     "{'@context':" AS ",'id':'https://blog.corp.example/?author=0#update','type':'Announce',"
     "'actor':'https://blog.corp.example/?author=0','to':[" AS_ALL "],'object':{"
     "'id':'https://blog.corp.example/?p=3#update','type':'Update',"
     "'actor':'https://blog.corp.example/?author=1','to':[" AS_ALL "],'object':{"
     "'id':'https://blog.corp.example/?p=3','type':'Article','name':'The gate',"
     "'published':" MINUTE1 ",'updated':'2026-11-01T09:59:30Z',"
     "'content':'<p>Read <a href=\\'/about\\'>this</a> <img src=\\'https://cdn.example/i.png\\'>"
     "</p>','contentMap':{'en':'<p>Read</p>'},'image':{'type':'Image',"
     "'url':'https://blog.corp.example/i.png'},'tag':[{'type':'Hashtag','name':'#gate'}]}}}",
     "type=[Announce] object=[Article] tags=[gate] author=[https://blog.corp.example/?author=0] "
     "author_host=[blog.corp.example] visibility=[public] language=[en] size=1000 bytes "
     "attachments=0 media=[image] reply_to=[none] mentions=[] links=[cdn.example] "
     "age=60 seconds proof=[none]"},
    {"Lemmy: a link, announced by the community",
     "{'@context':[" AS "],'id':'https://lemmy.acme.example/activities/announce/1',"
     "'type':'Announce','actor':'https://lemmy.acme.example/c/steel','to':[" AS_ALL "],"
     "'object':{'id':'https://lemmy.acme.example/activities/create/1','type':'Create',"
     "'actor':'https://lemmy.acme.example/u/di','to':[" AS_ALL "],"
     "'audience':'https://lemmy.acme.example/c/steel','object':{"
     "'id':'https://lemmy.acme.example/post/1','type':'Page','name':'News',"
     "'attributedTo':'https://lemmy.acme.example/u/di','to':['https://lemmy.acme.example/c/steel',"
     "" AS_ALL "],'attachment':[{'type':'Link','href':'https://news.example/x',"
     "'mediaType':'text/html; charset=utf-8'}],'image':{'type':'Image',"
     "'url':'https://lemmy.acme.example/t.png'},'sensitive':false,"
     "'language':{'identifier':'fr','name':'French'},'published':" MINUTE1 "}}}",
     "type=[Announce] object=[Page] tags=[] author=[https://lemmy.acme.example/c/steel] "
     "author_host=[lemmy.acme.example] visibility=[public] language=[fr] size=1000 bytes "
     "attachments=0 media=[image] sensitive=no reply_to=[none] mentions=[] links=[news.example] "
     "age=60 seconds proof=[none]"},
    {"PeerTube: a channel announces a video by its URI",
     "{'@context':" AS ",'id':'https://tube.corp.example/videos/watch/1/announces/1',"
     "'type':'Announce','actor':'https://tube.corp.example/video-channels/a','to':[" AS_ALL "],"
     "'object':'https://tube.corp.example/videos/watch/1'}",
     "type=[Announce] tags=[] author=[https://tube.corp.example/video-channels/a] "
     "author_host=[tube.corp.example] visibility=[public] size=1000 bytes mentions=[] "
     "proof=[none]"},
    {"PeerTube: an Update with the video",
     "{'@context':" AS ",'id':'https://tube.corp.example/videos/watch/1/updates/2',"
     "'type':'Update','actor':'https://tube.corp.example/accounts/al','to':[" AS_ALL "],"
     "'object':{'id':'https://tube.corp.example/videos/watch/1','type':'Video',"
     "'mediaType':'text/markdown','content':'More at [us](https://www.partner.example/).',"
     "'language':{'identifier':'de','name':'Deutsch'},'sensitive':false,'published':" MINUTE1 ","
     "'attributedTo':[{'type':'Person','id':'https://tube.corp.example/accounts/al'}],"
     "'tag':[{'type':'Hashtag','name':'howto'}],'url':[{'type':'Link','mediaType':'text/html',"
     "'href':'https://tube.corp.example/w/1'},{'type':'Link','mediaType':'video/mp4',"
     "'href':'https://cdn.corp.example/1.mp4'},{'type':'Link','mediaType':"
     "'application/x-bittorrent','href':'https://tube.corp.example/1.torrent'}]}}",
     "type=[Update] object=[Video] tags=[howto] author=[https://tube.corp.example/accounts/al] "
     "author_host=[tube.corp.example] visibility=[public] language=[de] size=1000 bytes "
     "attachments=0 media=[video] sensitive=no reply_to=[none] mentions=[] "
     "links=[cdn.corp.example, www.partner.example] age=60 seconds proof=[none]"},
    {"Ibis: an edit, of a type of its own, announced by the wiki",
     "{'id':'https://ibis.corp.example/activity/1','type':'Announce','actor':"
     "'https://ibis.corp.example/','to':[" AS_ALL "],'object':{"
     "'id':'https://ibis.corp.example/activity/2','type':'Update',"
     "'actor':'https://ibis.corp.example/user/al','object':{'id':'https://ibis.corp.example/edit/"
     "1',"
     "'type':'Patch','content':'@@ -1 +1 @@','attributedTo':'https://ibis.corp.example/user/al',"
     "'object':'https://ibis.corp.example/article/Main'}}}",
     "type=[Announce] tags=[] author=[https://ibis.corp.example/] author_host=[ibis.corp.example] "
     "visibility=[public] size=1000 bytes mentions=[] proof=[none]"},
    {"Betula: a bookmark; its actor is embedded",
     "{'@context':" AS ",'id':'https://betula.corp.example/12?create','type':'Create',"
     "'actor':{'type':'Person','id':'https://betula.corp.example/@me'},'to':[" AS_ALL "],'object':{"
     "'id':'https://betula.corp.example/12','type':'Note','content':'<p>Good</p>',"
     "'attachment':[{'type':'Link','href':'https://good.example/read'}],"
     "'tag':[{'type':'Hashtag','name':'#reading'}]}}",
     "type=[Create] object=[Note] tags=[reading] author=[https://betula.corp.example/@me] "
     "author_host=[betula.corp.example] visibility=[public] size=1000 bytes attachments=0 "
     "media=[] reply_to=[none] mentions=[] links=[good.example] proof=[none]"},
    {"Mobilizon: an event",
     "{'@context':[" AS ",{'@language':'en'}],'id':'https://mob.acme.example/events/1/activity',"
     "'type':'Create','actor':'https://mob.acme.example/@group','to':[" AS_ALL "],'object':{"
     "'id':'https://mob.acme.example/events/1','type':'Event','name':'Open day',"
     "'content':'<p>Come</p>','mediaType':'text/html','inLanguage':'nl','startTime':"
     "'2026-12-01T10:00:00Z','url':'https://mob.acme.example/events/1','attachment':["
     "{'type':'Document','mediaType':'image/png','name':'Banner','url':'https://mob.acme.example/b'"
     "},{'type':'Link','href':'https://tickets.example/1','mediaType':'text/html',"
     "'name':'Website'},{'type':'PropertyValue','name':'mz:live','value':'true'}]}}",
     "type=[Create] object=[Event] tags=[] author=[https://mob.acme.example/@group] "
     "author_host=[mob.acme.example] visibility=[public] language=[nl, en] size=1000 bytes "
     "attachments=1 media=[image] reply_to=[none] mentions=[] links=[tickets.example] "
     "proof=[none]"},
    {"BookWyrm: a type of its own",
     "{'@context':" AS ",'id':'https://books.acme.example/user/e/review/1/activity',"
     "'type':'Create','actor':'https://books.acme.example/user/e','to':[" AS_ALL "],'object':{"
     "'id':'https://books.acme.example/user/e/review/1','type':'Review','name':'Weirs',"
     "'content':'<p>Deep.</p>','rating':4,'inReplyToBook':'https://books.acme.example/book/1',"
     "'sensitive':false,'attachment':[],'tag':[{'type':'Mention','name':'@jo@blog.corp.example',"
     "'href':'https://blog.corp.example/users/jo'}]},'proof':{'type':'DataIntegrityProof',"
     "'cryptosuite':'eddsa-jcs-2022'}}",
     "type=[Create] object=[Review] tags=[] author=[https://books.acme.example/user/e] "
     "author_host=[books.acme.example] visibility=[public] size=1000 bytes attachments=0 media=[] "
     "sensitive=no reply_to=[none] mentions=[internal] links=[] proof=[fep-8b32]"},
    {"Mastodon: a profile",
     "{'@context':" AS ",'id':'https://social.acme.example/users/bo#updates/1','type':'Update',"
     "'actor':'https://social.acme.example/users/bo','to':[" AS_ALL "],'object':{"
     "'id':'https://social.acme.example/users/bo','type':'Person','preferredUsername':'bo',"
     "'summary':'<p>Welder</p>','url':'https://social.acme.example/@bo','indexable':true,"
     "'attachment':[{'type':'PropertyValue','name':'Web','value':"
     "'<a href=\\'https://bo.example\\' rel=\\'me\\'>bo.example</a>'}],'tag':[],"
     "'icon':{'type':'Image','mediaType':'image/png','url':'https://files.acme.example/bo.png'}}}",
     "type=[Update] object=[Person] tags=[] author=[https://social.acme.example/users/bo] "
     "author_host=[social.acme.example] visibility=[public] size=1000 bytes attachments=0 "
     "media=[] reply_to=[none] mentions=[] links=[bo.example] proof=[none]"},
};

/* All that is known, in the order of the table. */
static void summarise(struct facts *facts, struct bytes *out)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        if (!facts_get(facts, (enum fact)i)->known)
            continue;
        bytes_addf(out, "%s%s=", out->n ? " " : "", fact_row((enum fact)i)->name);
        facts_show(facts, (enum fact)i, out);
    }
}

static void rows(void **state)
{
    static const struct facts_context context = {.now_ms = NOW, .bytes = 1000, .zone_of = rig_zone};
    (void)state;
    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
        struct bytes shown;
        bytes_init(&shown, 1 << 16);
        char *text = mem_copy(span_of(programs[i].text));
        for (char *at = text; (at = strchr(at, '\'')); at++)
            *at = '"';
        summarise(rig_read(text, &context), &shown);
        if (strcmp(bytes_str(&shown), programs[i].wanted) != 0)
            fail_msg("%s\n%s\nwanted\n%s", programs[i].program, bytes_str(&shown),
                     programs[i].wanted);
        bytes_fini(&shown);
        free(text);
        rig_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, NULL, drop_tree);
}
