"""Every problem that an answer may name: its code, status, and sentences in two languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """A problem in one language: what it is, what happened, what to do."""

    title: str
    detail: str
    advice: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table; sentences may name ``{values}``."""

    status: int
    en: Words
    zh: Words
    retry_after_s: float | None = None


PROBLEMS: Final[Mapping[str, Entry]] = {
    "bad_request": Entry(
        400,
        Words("Bad request", "The request can't be read: {reason}", "Correct the request."),
        Words("请求有误", "无法读取该请求：{reason}", "请修正请求后重试。"),
    ),
    "unauthorized": Entry(
        401,
        Words(
            "A token is needed",
            "This service asks for a token, and the request has none or a wrong one.",
            "Send the header Authorization: Bearer TOKEN, or log in on the page.",
        ),
        Words(
            "需要令牌",
            "本服务需要令牌，而请求中没有令牌或令牌不正确。",
            "请发送请求头 Authorization: Bearer 令牌，或在页面上登录。",
        ),
    ),
    "foreign_origin": Entry(
        403,
        Words(
            "Another site's page",
            "A page of another site may not do this here.",
            "Open this service's own page, or name the site in the setting cors_origins.",
        ),
        Words(
            "来自其他网站的页面",
            "其他网站的页面不允许在此执行该操作。",
            "请使用本服务自己的页面，或将该网站加入设置 cors_origins。",
        ),
    ),
    "not_found": Entry(
        404,
        Words("Not found", "There is nothing at this address.", "See /docs for what there is."),
        Words("未找到", "该地址没有内容。", "可用的地址请见 /docs。"),
    ),
    "job_not_found": Entry(
        404,
        Words(
            "No such job",
            "There is no such job.",
            "Finished jobs are removed after a while; send the video again.",
        ),
        Words("没有这个任务", "没有这个任务。", "已完成的任务会在一段时间后删除；请重新上传视频。"),
    ),
    "upload_not_found": Entry(
        404,
        Words("No such upload", "There is no such upload.", "Begin it again."),
        Words("没有这个上传", "没有这个上传。", "请重新开始上传。"),
    ),
    "result_not_found": Entry(
        404,
        Words(
            "No such result",
            "The job has no result of this kind, or not yet.",
            "Ask for the job: its results are those listed there.",
        ),
        Words(
            "没有这个结果",
            "该任务没有这种结果，或尚未生成。",
            "请查询该任务，其中列出了已有的结果。",
        ),
    ),
    "template_not_found": Entry(
        404,
        Words(
            "No such template",
            "There is no such template.",
            "See /api/v1/templates for what there is.",
        ),
        Words("没有这个标准动作", "没有这个标准动作。", "现有的标准动作请见 /api/v1/templates。"),
    ),
    "template_exists": Entry(
        409,
        Words(
            "The name is taken",
            "There is a template of this name already.",
            "Choose another name, or delete that one first.",
        ),
        Words("名称已被占用", "已有同名的标准动作。", "请换一个名称，或先删除已有的。"),
    ),
    "stream_not_found": Entry(
        404,
        Words(
            "No such stream", "There is no such stream.", "See /api/v1/streams for what there is."
        ),
        Words("没有这个视频流", "没有这个视频流。", "现有的视频流请见 /api/v1/streams。"),
    ),
    "stream_exists": Entry(
        409,
        Words(
            "The name is taken", "There is a stream of this name already.", "Choose another name."
        ),
        Words("名称已被占用", "已有同名的视频流。", "请换一个名称。"),
    ),
    "stream_fixed": Entry(
        409,
        Words(
            "In the settings file",
            "This stream is in the settings file, and can't be changed here.",
            "Change it in posemill.toml, and start the service again.",
        ),
        Words(
            "写在设置文件中",
            "该视频流写在设置文件中，不能在此修改。",
            "请修改 posemill.toml 后重新启动服务。",
        ),
    ),
    "token_needed": Entry(
        403,
        Words(
            "Set a token first",
            "Streams can be added only where the service asks for a token: otherwise whoever "
            "reaches it could have it open other addresses.",
            "Set auth_token, or put the stream into posemill.toml.",
        ),
        Words(
            "请先设置令牌",
            "只有设置了令牌的服务才能添加视频流，否则任何能访问它的人都可以让它连接其他地址。",
            "请设置 auth_token，或将视频流写入 posemill.toml。",
        ),
    ),
    "no_picture": Entry(
        503,
        Words(
            "No picture",
            "No picture of this stream came for a while.",
            "See the state of the stream, and try again.",
        ),
        Words("没有画面", "一段时间内没有收到该视频流的画面。", "请查看视频流的状态后重试。"),
        5.0,
    ),
    "alert_not_found": Entry(
        404,
        Words("No such alert", "There is no such alert.", "See /api/v1/alerts for what there is."),
        Words("没有这个警报", "没有这个警报。", "现有的警报请见 /api/v1/alerts。"),
    ),
    "method_not_allowed": Entry(
        405,
        Words("Method not allowed", "This address doesn't take {method}.", "See /docs."),
        Words("不允许的方法", "该地址不接受 {method}。", "请见 /docs。"),
    ),
    "job_not_finished": Entry(
        409,
        Words(
            "Not finished yet",
            "The job is still at work; it can be analysed once it is done.",
            "Follow the job, and ask again when it has succeeded.",
        ),
        Words(
            "任务尚未完成",
            "该任务仍在进行，完成后才能分析。",
            "请关注任务进度，成功后再试。",
        ),
    ),
    "no_records": Entry(
        409,
        Words(
            "Nothing to analyse",
            "The job has no records of a video: it failed, it was not asked for any, or it was "
            "of pictures.",
            "Send the video again, with records among its results.",
        ),
        Words(
            "没有可分析的数据",
            "该任务没有视频的数据：任务失败、未要求生成数据，或上传的是图片。",
            "请重新上传视频，并在结果中包含数据（records）。",
        ),
    ),
    "not_analysable": Entry(
        422,
        Words("It can't be analysed", "{reason}", "Choose another video, person or exercise."),
        Words("无法分析", "无法分析：{reason}", "请换一个视频、人物或动作。"),
    ),
    "not_acceptable": Entry(
        406,
        Words(
            "Not acceptable",
            "The header Accept asks for none of the kinds there are.",
            "Accept application/json, image/jpeg, image/png or image/webp.",
        ),
        Words(
            "无法提供所要的格式",
            "请求头 Accept 中没有可提供的格式。",
            "请接受 application/json、image/jpeg、image/png 或 image/webp。",
        ),
    ),
    "request_timeout": Entry(
        408,
        Words(
            "The request took too long",
            "Nothing more of the request came for {seconds:g} s.",
            "Send it again over a steadier connection, large videos in pieces (tus).",
        ),
        Words(
            "请求超时",
            "{seconds:g} 秒内未收到请求的后续内容。",
            "请在更稳定的网络下重试；大视频请分块上传（tus）。",
        ),
    ),
    "conflict": Entry(
        409,
        Words("Conflict", "That doesn't fit what is there: {reason}", "Ask for the state first."),
        Words("冲突", "与当前状态不符：{reason}", "请先查询当前状态。"),
    ),
    "length_required": Entry(
        411,
        Words("A length is needed", "The request doesn't say how long it is.", "Declare it."),
        Words("需要长度", "请求没有说明长度。", "请声明长度。"),
    ),
    "wrong_version": Entry(
        412,
        Words("Another version", "The upload protocol must be tus 1.0.0.", "Use tus 1.0.0."),
        Words("版本不符", "上传协议必须是 tus 1.0.0。", "请使用 tus 1.0.0。"),
    ),
    "too_large": Entry(
        413,
        Words(
            "Too large",
            "At most {limit} bytes are taken here.",
            "Send a smaller file; whoever runs the service may raise {setting}.",
        ),
        Words(
            "文件过大",
            "此处最多接受 {limit} 字节。",
            "请发送较小的文件；服务的管理者可以调高 {setting}。",
        ),
    ),
    "too_large_here": Entry(
        413,
        Words(
            "Too large",
            "At most {limit} bytes are taken at this address.",
            "Send pictures to /api/v1/detect, videos to /api/v1/jobs.",
        ),
        Words(
            "内容过大",
            "该地址最多接受 {limit} 字节。",
            "请将图片发送到 /api/v1/detect，将视频发送到 /api/v1/jobs。",
        ),
    ),
    "media_too_large": Entry(
        413,
        Words("Too large", "{reason}", "Send a smaller picture or a shorter video."),
        Words("媒体超出限制", "媒体超出限制：{reason}", "请发送较小的图片或较短的视频。"),
    ),
    "unsupported_extension": Entry(
        415,
        Words(
            "Not a kind of file that is taken",
            "Files named .{suffix} are not taken.",
            "Taken are: {known}.",
        ),
        Words("不接受的文件类型", "不接受扩展名为 .{suffix} 的文件。", "可接受的扩展名：{known}。"),
    ),
    "unsupported_media": Entry(
        415,
        Words(
            "Not a format that is read",
            "{reason}",
            "Send pictures (JPEG, PNG, WebP, AVIF, ...) to /api/v1/detect, "
            "videos (MP4, MOV, MKV, WebM, ...) to /api/v1/jobs.",
        ),
        Words(
            "不支持的格式",
            "不支持的格式：{reason}",
            "图片（JPEG、PNG、WebP、AVIF 等）请发送到 /api/v1/detect，"
            "视频（MP4、MOV、MKV、WebM 等）请发送到 /api/v1/jobs。",
        ),
    ),
    "unsupported_content_type": Entry(
        415,
        Words(
            "Not a content type that is taken",
            "The content type {given} is not taken here.",
            "Use {known}.",
        ),
        Words("不接受的内容类型", "此处不接受内容类型 {given}。", "请使用 {known}。"),
    ),
    "broken_media": Entry(
        422,
        Words("The file can't be read", "{reason}", "Send a whole, undamaged file."),
        Words("文件无法读取", "文件无法读取：{reason}", "请发送完整无损的文件。"),
    ),
    "bad_option": Entry(
        422,
        Words("An option is wrong", "{reason}", "Correct the option; /docs lists them."),
        Words("选项有误", "选项有误：{reason}", "请修正选项；所有选项见 /docs。"),
    ),
    "bad_body": Entry(
        422,
        Words("The body is not what it must be", "{reason}", "Correct the body; see /docs."),
        Words("请求正文有误", "请求正文有误：{reason}", "请修正请求正文；见 /docs。"),
    ),
    "bad_range": Entry(
        416,
        Words("Beyond the end", "The file has {size} bytes.", "Ask for a range within it."),
        Words("范围超出文件", "文件共有 {size} 字节。", "请请求文件内的范围。"),
    ),
    "too_many_sessions": Entry(
        429,
        Words(
            "Too many live sessions",
            "There are as many live sessions as the service takes.",
            "Try again later.",
        ),
        Words("实时会话过多", "实时会话数已达上限。", "请稍后再试。"),
        retry_after_s=10,
    ),
    "internal": Entry(
        500,
        Words("Our fault", "The service failed at this request.", "Look into the service's log."),
        Words("服务内部错误", "服务在处理该请求时出错。", "请查看服务日志。"),
    ),
    "worker_crashed": Entry(
        500,
        Words(
            "The file broke its process",
            "{reason}",
            "Other requests go on. Don't send this file again as it is.",
        ),
        Words(
            "处理该文件的进程已终止",
            "进程终止的原因：{reason}",
            "其他请求不受影响。请勿原样再次发送该文件。",
        ),
    ),
    "worker_timeout": Entry(
        504,
        Words("It took too long", "The file was given up: {reason}", "Send a smaller one."),
        Words("处理超时", "已放弃处理该文件：{reason}", "请发送较小的文件。"),
    ),
    "busy": Entry(
        503,
        Words("Busy", "As much as the service takes is waiting already.", "Try again later."),
        Words("服务繁忙", "等待处理的请求已达上限。", "请稍后再试。"),
        retry_after_s=1,
    ),
    "too_many_uploads": Entry(
        503,
        Words(
            "Too many uploads",
            "There are as many uploads at once as the service takes.",
            "Try again later.",
        ),
        Words("上传过多", "同时进行的上传已达上限。", "请稍后再试。"),
        retry_after_s=2,
    ),
    "too_many_connections": Entry(
        503,
        Words(
            "Too many connections",
            "There are as many connections as the service takes.",
            "Try again later.",
        ),
        Words("连接过多", "连接数已达上限。", "请稍后再试。"),
        retry_after_s=5,
    ),
    "too_many_followers": Entry(
        503,
        Words(
            "Too many followers",
            "As many follow jobs at once as the service takes.",
            "Ask for the job itself from time to time.",
        ),
        Words("订阅过多", "同时订阅任务进度的连接已达上限。", "请改为定期查询该任务。"),
        retry_after_s=5,
    ),
    "not_ready": Entry(
        503,
        Words("Not ready", "The service is not ready: {reason}", "Try again later."),
        Words("尚未就绪", "服务尚未就绪：{reason}", "请稍后再试。"),
        retry_after_s=2,
    ),
    "no_room": Entry(
        507,
        Words("No room left", "{reason}", "Delete finished jobs, or try again later."),
        Words("空间不足", "空间不足：{reason}", "请删除已完成的任务，或稍后再试。"),
        retry_after_s=60,
    ),
    "store_unavailable": Entry(
        503,
        Words(
            "The store is away",
            "It can't be stored or looked up for now: {reason}",
            "Try again soon.",
        ),
        Words("存储不可用", "目前无法存取：{reason}", "请稍后再试。"),
        retry_after_s=5,
    ),
}
